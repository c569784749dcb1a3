#include "server/tuning/device_table.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// A library may become reachable while the daemon runs.
constexpr absl::Duration kAskAgainAfter = absl::Seconds(30);
// Indexed by Question.
constexpr const char* kNames[] = {"the CUDA driver (which GPUs there are)",
                                  "cublasLt and NVML (their versions)", "NVRTC (its version)"};

absl::Status NoGpu() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_GPU",
      absl::StrCat("no GPU was found: name a target to rank kernels by the model instead "
                   "(--target h100-sxm); known targets: ",
                   ProfileNames()),
      {{"field", "target"}});
}

absl::Status DevicesUnknown(absl::Duration waited) {
  return MakeError(
      absl::StatusCode::kUnavailable, "DEVICES_UNKNOWN",
      absl::StrCat("the GPUs of this machine are not known yet: the CUDA driver was asked ",
                   absl::FormatDuration(absl::Trunc(waited, absl::Seconds(1))),
                   " ago and has not answered. Try again, or name a target (--target h100-sxm)"),
      {{"field", "target"}, {"retry_delay_ms", "1000"}});
}

absl::Status NvrtcUnknown(absl::Duration waited) {
  return MakeError(absl::StatusCode::kUnavailable, "DEVICES_UNKNOWN",
                   absl::StrCat("the version of NVRTC is not known yet: it was asked ",
                                absl::FormatDuration(absl::Trunc(waited, absl::Seconds(1))),
                                " ago and has not answered. Try again"),
                   {{"retry_delay_ms", "1000"}});
}

void SetNvrtc(const v1::LibraryStatus& nvrtc, v1::ListDevicesResponse& listing) {
  *listing.mutable_libraries(0) = nvrtc;
  listing.mutable_environment()->set_nvrtc_version(nvrtc.version());
  for (v1::Device& device : *listing.mutable_devices()) {
    device.mutable_target()->mutable_environment()->set_nvrtc_version(nvrtc.version());
  }
}

}  // namespace

DeviceTable::DeviceTable(Compiler& compiler, Profiler& profiler, absl::Duration patience)
    : compiler_(compiler), profiler_(profiler), patience_(patience) {
  auto listing = std::make_shared<v1::ListDevicesResponse>();
  for (const v1::TemplateDigest& digest : TemplateDigests()) *listing->add_templates() = digest;
  for (const v1::TargetProfile& profile : TargetProfiles()) *listing->add_profiles() = profile;
  v1::LibraryStatus& nvrtc = *listing->add_libraries();
  nvrtc.set_library("nvrtc");
  nvrtc.add_searched("it has not answered yet");
  listing_ = std::move(listing);
  for (const Question question : {kDevices, kLibraries, kNvrtc}) {
    threads_.emplace_back([this, question] { Ask(question); });
  }
  const auto all_asked = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(asking_) {
    return std::all_of(asked_.begin(), asked_.end(), [](bool asked) { return asked; });
  };
  {
    SteadyLock lock(&asking_);
    asking_.AwaitFor(all_asked, patience_);
  }
  if (const std::string awaited = Awaited(); !awaited.empty()) {
    spdlog::warn("no answer yet from {}: stored winners are served meanwhile", awaited);
  }
}

DeviceTable::~DeviceTable() { Stop(); }

void DeviceTable::Stop() {
  stop_.Set();
  if (!settled()) {
    profiler_.StopAsking();
    compiler_.StopAsking();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void DeviceTable::Ask(Question question) {
  pthread_setname_np(pthread_self(), "ask-devices");
  while (true) {
    const bool answered = AskOnce(question);
    std::function<void(int)> listener;
    bool late = false;
    {
      SteadyLock lock(&asking_);
      asked_[question] = true;
      answered_[question] = answered;
      if (answered && question == kDevices) listener = listener_;
      settled_ = std::all_of(answered_.begin(), answered_.end(), [](bool one) { return one; });
      late = SteadyTime::Now() - begin_ > patience_;
    }
    if (listener) listener(device_count_);
    if (answered && late) spdlog::info("{} answered", kNames[question]);
    if (answered || stop_.WaitFor(kAskAgainAfter)) return;
  }
}

bool DeviceTable::AskOnce(Question question) {
  switch (question) {
    case kDevices: {
      std::vector<v1::Device> devices = profiler_.Devices();
      if (!profiler_.KnowsDevices()) return false;
      EnterDevices(std::move(devices));
      return true;
    }
    case kLibraries: {
      std::vector<v1::LibraryStatus> libraries = profiler_.Libraries();
      if (!profiler_.KnowsLibraries()) return false;
      EnterLibraries(std::move(libraries));
      return true;
    }
    default: {
      const v1::LibraryStatus nvrtc = compiler_.Library();
      if (!compiler_.KnowsLibrary()) return false;
      EnterNvrtc(nvrtc);
      return true;
    }
  }
}

void DeviceTable::EnterDevices(std::vector<v1::Device> devices) {
  absl::MutexLock lock(&mutex_);
  auto listing = std::make_shared<v1::ListDevicesResponse>(*listing_);
  v1::Environment& environment = *listing->mutable_environment();
  for (v1::Device& device : devices) {
    v1::Environment& of_device = *device.mutable_target()->mutable_environment();
    of_device.set_nvrtc_version(environment.nvrtc_version());
    environment.set_driver_version(of_device.driver_version());
    *listing->add_devices() = std::move(device);
  }
  device_count_ = listing->devices_size();
  listing_ = std::move(listing);
}

void DeviceTable::EnterLibraries(std::vector<v1::LibraryStatus> libraries) {
  absl::MutexLock lock(&mutex_);
  auto listing = std::make_shared<v1::ListDevicesResponse>(*listing_);
  for (v1::LibraryStatus& library : libraries) {
    int64_t version = 0;
    if (library.library() == "cublasLt" && absl::SimpleAtoi(library.version(), &version)) {
      vendor_library_version_ = version;
    }
    *listing->add_libraries() = std::move(library);
  }
  listing_ = std::move(listing);
}

void DeviceTable::EnterNvrtc(const v1::LibraryStatus& nvrtc) {
  absl::MutexLock lock(&mutex_);
  auto listing = std::make_shared<v1::ListDevicesResponse>(*listing_);
  SetNvrtc(nvrtc, *listing);
  listing_ = std::move(listing);
}

void DeviceTable::WhenDevicesAreKnown(std::function<void(int devices)> listener) {
  {
    SteadyLock lock(&asking_);
    listener_ = listener;
    if (!answered_[kDevices]) return;
  }
  listener(device_count_);
}

bool DeviceTable::IsAnswered(Question question) const {
  SteadyLock lock(&asking_);
  return answered_[question];
}

std::string DeviceTable::Awaited() const {
  SteadyLock lock(&asking_);
  std::string names;
  for (int question = 0; question < kQuestions; ++question) {
    if (answered_[static_cast<std::size_t>(question)]) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", kNames[question]);
  }
  return names;
}

DeviceTable::ListingPtr DeviceTable::Listing() const {
  absl::MutexLock lock(&mutex_);
  return listing_;
}

void DeviceTable::FindMissing() {
  // Without an answer yet, the question is still being asked.
  if (Listing()->libraries(0).found() || !IsAnswered(kNvrtc)) return;
  if (const v1::LibraryStatus nvrtc = compiler_.Library(); nvrtc.found()) EnterNvrtc(nvrtc);
}

absl::Status DeviceTable::CheckNvrtcIsKnown() const {
  return IsAnswered(kNvrtc) ? absl::OkStatus() : NvrtcUnknown(SteadyTime::Now() - begin_);
}

void DeviceTable::Complete(v1::Environment& environment) {
  if (!environment.nvrtc_version().empty()) return;
  FindMissing();
  environment.set_nvrtc_version(Listing()->environment().nvrtc_version());
}

absl::StatusOr<ResolvedTarget> DeviceTable::Resolve(const std::string& profile, int ordinal) const {
  const ListingPtr listing = Listing();
  ResolvedTarget resolved;
  if (!profile.empty()) {
    if (ordinal != 0) {
      return InvalidField("device_ordinal", "CONTRADICTORY_TARGET",
                          "a named target has no devices: give a target or a device, not both");
    }
    ASSIGN_OR_RETURN(*resolved.target.mutable_silicon(), FindTargetProfile(profile));
    v1::Environment& environment = *resolved.target.mutable_environment();
    environment = listing->environment();
    // The ranking for a named target does not depend on this machine's driver.
    environment.set_driver_version(0);
    return resolved;
  }
  const int count = listing->devices_size();
  if (count == 0) {
    return IsAnswered(kDevices) ? NoGpu() : DevicesUnknown(SteadyTime::Now() - begin_);
  }
  if (ordinal < 0 || ordinal >= count) {
    return InvalidField("device_ordinal", "NO_SUCH_DEVICE",
                        absl::StrCat("this machine has devices 0 to ", count - 1));
  }
  const v1::Device& device = listing->devices(ordinal);
  if (!device.error().empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "GPU_UNUSABLE",
                     absl::StrCat("GPU ", ordinal, " cannot be used: ", device.error()),
                     {{"field", "device_ordinal"}});
  }
  resolved.target = device.target();
  resolved.device_ordinal = ordinal;
  return resolved;
}

}  // namespace tilewright
