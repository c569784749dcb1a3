// What the machine has, told by libraries that take their time.
#include "server/tuning/device_table.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/steady_mutex.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Milliseconds(50);

// A question that is answered once `answer` is set, or whose asking is stopped.
class Held {
 public:
  void Wait() {
    while (!known() && !stopped) absl::SleepFor(absl::Milliseconds(1));
  }
  bool known() { return answer.WaitFor(absl::ZeroDuration()); }

  SteadyEvent answer;
  std::atomic<bool> stopped = false;
};

class SlowProfiler final : public Profiler {
 public:
  std::vector<v1::Device> Devices() override {
    devices.Wait();
    return devices.known() ? std::vector<v1::Device>{FakeProfiler::Hopper()}
                           : std::vector<v1::Device>();
  }
  std::vector<v1::LibraryStatus> Libraries() override {
    libraries.Wait();
    if (!libraries.known()) return {};
    v1::LibraryStatus vendor;
    vendor.set_library("cublasLt");
    vendor.set_version("130000");
    return {vendor};
  }
  bool KnowsDevices() override { return devices.known(); }
  bool KnowsLibraries() override { return libraries.known(); }
  void StopAsking() override { devices.stopped = libraries.stopped = true; }
  absl::StatusOr<ProfileReport> Profile(const ProfileRequest&, const Cancellation&,
                                        const ProfileProgress&) override {
    return absl::UnimplementedError("");
  }

  Held devices;
  Held libraries;
};

class SlowCompiler final : public Compiler {
 public:
  absl::Status CompileAll(std::vector<CompileJob>, const Cancellation&,
                          std::function<void(std::size_t, CompileOutcome)>) override {
    return absl::UnimplementedError("");
  }
  v1::LibraryStatus Library() override {
    library.Wait();
    return library.known() ? FakeCompiler().Library() : v1::LibraryStatus();
  }
  bool KnowsLibrary() override { return library.known(); }
  void StopAsking() override { library.stopped = true; }

  Held library;
};

class DeviceTableTest : public ::testing::Test {
 protected:
  // All but what a test holds back answers at once.
  void Answer(std::initializer_list<Held*> those) {
    for (Held* const one : those) one->answer.Set();
  }

  void MakeTable() { table_ = std::make_unique<DeviceTable>(compiler_, profiler_, kPatience); }

  // Whether it becomes settled within some seconds.
  bool Settles() {
    for (int i = 0; i < 5000 && !table_->settled(); ++i) absl::SleepFor(absl::Milliseconds(1));
    return table_->settled();
  }

  SlowProfiler profiler_;
  SlowCompiler compiler_;
  std::unique_ptr<DeviceTable> table_;
};

TEST_F(DeviceTableTest, WhatAnswersInTimeIsThereAtOnce) {
  Answer({&profiler_.devices, &profiler_.libraries, &compiler_.library});
  MakeTable();
  EXPECT_TRUE(table_->settled());
  EXPECT_EQ(table_->device_count(), 1);
  EXPECT_EQ(table_->vendor_library_version(), 130000);
  EXPECT_EQ(table_->listing().environment().nvrtc_version(), "13.0");
  EXPECT_TRUE(table_->Resolve("", 0).ok());
  EXPECT_TRUE(table_->CheckNvrtcIsKnown().ok());
}

// What was tuned before used to be stored for an environment without NVRTC.
TEST_F(DeviceTableTest, NvrtcIsNotKnownBeforeItAnswers) {
  Answer({&profiler_.devices, &profiler_.libraries});
  MakeTable();
  const absl::Status unknown = table_->CheckNvrtcIsKnown();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(unknown), "DEVICES_UNKNOWN");
  EXPECT_EQ(ErrorInfoOf(unknown)->metadata().at("retry_delay_ms"), "1000");
  Answer({&compiler_.library});
  ASSERT_TRUE(Settles());
  EXPECT_TRUE(table_->CheckNvrtcIsKnown().ok());
}

// The start used to wait for as long as the library took.
TEST_F(DeviceTableTest, ADriverThatHangsHoldsNothingUp) {
  Answer({&profiler_.libraries, &compiler_.library});
  const SteadyTime begin = SteadyTime::Now();
  MakeTable();
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
  EXPECT_FALSE(table_->settled());
  EXPECT_TRUE(table_->Resolve("h100-sxm", 0).ok()) << "what is stored for it is served";
  const absl::Status unknown = table_->Resolve("", 0).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(unknown), "DEVICES_UNKNOWN");
  EXPECT_EQ(ErrorInfoOf(unknown)->metadata().at("retry_delay_ms"), "1000");
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("has not answered"));
}

TEST_F(DeviceTableTest, AnAnswerThatComesLaterIsPickedUp) {
  Answer({&profiler_.libraries, &compiler_.library});
  MakeTable();
  std::atomic<int> told = -1;
  table_->WhenDevicesAreKnown([&](int devices) { told = devices; });
  EXPECT_EQ(told, -1);
  profiler_.devices.answer.Set();
  ASSERT_TRUE(Settles());
  const auto resolved = table_->Resolve("", 0);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->target.environment().nvrtc_version(), "13.0");
  EXPECT_EQ(resolved->target.environment().driver_version(), 13000);
  for (int i = 0; i < 5000 && told < 0; ++i) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(told, 1);
}

TEST_F(DeviceTableTest, ALibraryThatHangsHidesNoGpu) {
  Answer({&profiler_.devices, &compiler_.library});
  MakeTable();
  EXPECT_TRUE(table_->Resolve("", 0).ok());
  EXPECT_EQ(table_->vendor_library_version(), 0);
  profiler_.libraries.answer.Set();
  ASSERT_TRUE(Settles());
  EXPECT_EQ(table_->vendor_library_version(), 130000);
}

TEST_F(DeviceTableTest, NvrtcThatHangsIsNotWaitedForByThoseWhoLookForIt) {
  Answer({&profiler_.devices, &profiler_.libraries});
  MakeTable();
  const SteadyTime begin = SteadyTime::Now();
  v1::Environment environment;
  table_->Complete(environment);
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(environment.nvrtc_version(), "");
  EXPECT_FALSE(table_->listing().libraries(0).found());
  EXPECT_EQ(table_->listing().libraries(0).searched(0), "it has not answered yet");
  compiler_.library.answer.Set();
  ASSERT_TRUE(Settles());
  EXPECT_EQ(table_->Resolve("", 0)->target.environment().nvrtc_version(), "13.0");
}

TEST_F(DeviceTableTest, AStopWaitsForNobody) {
  MakeTable();
  const SteadyTime begin = SteadyTime::Now();
  table_.reset();
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
}

}  // namespace
}  // namespace tilewright
