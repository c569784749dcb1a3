#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "proto/problem/problem.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"

namespace tilewright {
namespace {

// The whole breadth of the search spaces, not only what the model likes.
TEST(ConfigsTest, ManyOfEverySpace) {
  GemmCase nn{"fp16 NN", Gemm(777, 640, 512, v1::DATA_TYPE_FP16), 24};
  SetLayout(nn.problem, "NN");
  GemmCase tn{"bf16 TN", Gemm(512, 768, 1024, v1::DATA_TYPE_BF16), 24};
  SetLayout(tn.problem, "TN");
  ExpectSound({{"bf16 NT", Gemm(1024, 1000, 1024, v1::DATA_TYPE_BF16), 64},
               nn,
               tn,
               {"tf32 NT", Gemm(512, 512, 512, v1::DATA_TYPE_TF32), 24},
               {"int8 NT", Gemm(512, 528, 1024, v1::DATA_TYPE_INT8), 24},
               {"fp32 NT", Gemm(512, 500, 512, v1::DATA_TYPE_FP32), 24}});
}

// Large enough that only sampled rows have a reference, and rows do not divide by tiles.
TEST(ConfigsTest, LargeProblemsWithSampledRows) {
  ExpectSound({{"large bf16", Gemm(5003, 4096, 4096, v1::DATA_TYPE_BF16), 8},
               {"vocabulary", Gemm(1024, 50257, 768, v1::DATA_TYPE_BF16), 6}});
}

// What users call: one tune of a common problem, with its baseline and statistics.
TEST(ConfigsTest, AProfileOfACommonProblemIsWholeAndQuick) {
  const v1::Problem problem = *Canonicalize(Gemm(8192, 8192, 8192, v1::DATA_TYPE_BF16));
  ProfileRequest request;
  request.problem = problem;
  request.kernels = CompileKernels(problem, PickVariants(problem, 24, false));
  const absl::Time start = absl::Now();
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  const absl::Duration took = absl::Now() - start;
  ASSERT_TRUE(report.ok()) << report.status();
  int finalists = 0;
  for (const v1::Candidate& candidate : report->kernels) {
    ASSERT_TRUE(candidate.has_measurement()) << candidate.failure().message();
    const v1::Measurement& measurement = candidate.measurement();
    EXPECT_LT(measurement.relative_error(), 0.01);
    EXPECT_GT(measurement.median_seconds(), 1e-3);  // A PFLOP/s is out of mma.sync's reach.
    finalists += !candidate.dropped_early();
    if (candidate.dropped_early()) continue;
    EXPECT_GE(measurement.seconds_size(), 9);  // A slow GPU's finals end early.
    EXPECT_LT(measurement.spread_seconds(), 0.1 * measurement.median_seconds());
  }
  EXPECT_GE(finalists, 1);
  EXPECT_LE(finalists, 8);
  EXPECT_LT(took, absl::Seconds(10));
}

}  // namespace
}  // namespace tilewright
