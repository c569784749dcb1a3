#ifndef TILEWRIGHT_TESTS_TUNER_PROFILE_BENCH_PROFILER_FIXTURE_H_
#define TILEWRIGHT_TESTS_TUNER_PROFILE_BENCH_PROFILER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/fake_compiler.h"
#include "tuner/profile/bench_profiler.h"

namespace tilewright {

// A profiler whose workers are this binary, as RunFakeBenchWorker.
class BenchProfilerTest : public ::testing::Test {
 protected:
  std::unique_ptr<BenchProfiler> MakeProfiler(const std::string& mode) {
    BenchProfiler::Options options;
    options.command.arguments = {"--worker=" + mode};
    options.watchdog = absl::Milliseconds(300);
    return *BenchProfiler::Create(options, compiler_);
  }

  static v1::Kernel Kernel(const std::string& behaviour, int64_t nanoseconds = 1000000) {
    v1::Kernel kernel;
    kernel.set_content_hash(behaviour);
    kernel.mutable_variant()->set_template_name(behaviour);
    v1::Parameter& parameter = *kernel.mutable_variant()->mutable_config()->add_parameters();
    parameter.set_name("nanoseconds");
    parameter.set_value(nanoseconds);
    return kernel;
  }

  static ProfileRequest Request(std::vector<v1::Kernel> kernels) {
    ProfileRequest request;
    v1::GemmProblem& gemm = *request.problem.mutable_gemm();
    gemm.set_m(64);
    gemm.set_n(64);
    gemm.set_k(64);
    gemm.set_batch(1);
    gemm.set_a_type(v1::DATA_TYPE_BF16);
    gemm.set_b_type(v1::DATA_TYPE_BF16);
    request.kernels = std::move(kernels);
    request.include_vendor = false;
    request.max_rounds = 5;
    return request;
  }

  absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                        const std::string& mode = "sound") {
    return MakeProfiler(mode)->Profile(request, Cancellation(), nullptr);
  }

  // What comes of `behaviour` between two sound kernels, which must come through.
  v1::Failure FailureBetweenSoundOnes(const std::string& behaviour) {
    const auto report = Profile(Request({Kernel("ok"), Kernel(behaviour), Kernel("ok")}));
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return v1::Failure();
    EXPECT_THAT(report->kernels, ::testing::SizeIs(3));
    EXPECT_EQ(report->kernels[0].measurement().seconds_size(), 5) << behaviour;
    EXPECT_EQ(report->kernels[2].measurement().seconds_size(), 5) << behaviour;
    EXPECT_EQ(report->kernels[1].content_hash(), behaviour);
    return report->kernels[1].failure();
  }

  // One of the kind "..._once" between two sound ones: all are measured.
  void ExpectNoCandidateIsLost(const std::string& behaviour) {
    v1::Kernel unlucky = Kernel(behaviour);
    unlucky.set_content_hash(::testing::TempDir() + behaviour + std::to_string(getpid()));
    const auto report = Profile(Request({Kernel("ok"), unlucky, Kernel("ok")}));
    unlink(unlucky.content_hash().c_str());
    ASSERT_TRUE(report.ok()) << behaviour << ": " << report.status();
    EXPECT_FALSE(report->worker_lost) << behaviour;
    for (const v1::Candidate& candidate : report->kernels) {
      EXPECT_EQ(candidate.measurement().seconds_size(), 5)
          << behaviour << ": " << candidate.DebugString();
    }
  }

  FakeCompiler compiler_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_PROFILE_BENCH_PROFILER_FIXTURE_H_
