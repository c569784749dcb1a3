// cublasLt through our own declarations: every heuristic result computes what we mean.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"

namespace tilewright {
namespace {

bool HasCublasLt() {
  for (const v1::LibraryStatus& library : GpuMachine::Get().profiler().Libraries()) {
    if (library.library() == "cublasLt") return library.found();
  }
  return false;
}

class VendorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasCublasLt()) GTEST_SKIP() << "cublasLt is not installed";
  }

  static void ExpectVendors(const v1::Problem& problem, const std::string& name) {
    ProfileRequest request;
    request.problem = *Canonicalize(problem);
    request.max_rounds = 3;
    const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
    ASSERT_TRUE(report.ok()) << name << ": " << report.status();
    ASSERT_FALSE(report->vendors.empty()) << name;
    for (const v1::Candidate& candidate : report->vendors) {
      EXPECT_EQ(candidate.vendor().algorithm().size(), 64u);
      EXPECT_TRUE(candidate.has_measurement())
          << name << ", result " << candidate.vendor().heuristic_rank() << ": "
          << candidate.failure().message();
    }
  }
};

TEST_F(VendorTest, EveryTypeAndLayout) {
  for (const v1::DataType type :
       {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32}) {
    for (const char* letters : {"NN", "NT", "TN", "TT"}) {
      v1::Problem problem = Gemm(320, 256, 192, type, v1::DATA_TYPE_FP32);
      SetLayout(problem, letters);
      ExpectVendors(problem, absl::StrCat(ShortName(type), " ", letters));
    }
  }
}

TEST_F(VendorTest, Int8AsItHasIt) {
  ExpectVendors(Gemm(256, 320, 128, v1::DATA_TYPE_INT8), "int8 NT");
}

TEST_F(VendorTest, BatchesStridesAndBetaTimesSource) {
  v1::Problem problem = Gemm(128, 96, 64, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16);
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_batch(3);
  gemm.set_lda(80);
  gemm.set_ldd(112);
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  ExpectVendors(problem, "batched");
}

// e4m3 in the one layout that it has on Hopper.
v1::Problem Fp8(v1::DataType output, v1::ScalingMode mode) {
  v1::Problem problem = Gemm(320, 256, 384, v1::DATA_TYPE_E4M3, output);
  problem.mutable_gemm()->set_scaling_mode(mode);
  return problem;
}

TEST_F(VendorTest, ScalesOfFp8Inputs) {
  if (GpuMachine::Get().silicon().compute_capability() != 90) GTEST_SKIP() << "not a Hopper GPU";
  for (const v1::ScalingMode mode : {v1::SCALING_MODE_NONE, v1::SCALING_MODE_PER_TENSOR,
                                     v1::SCALING_MODE_PER_ROW_COLUMN, v1::SCALING_MODE_BLOCK_128}) {
    for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
      ExpectVendors(Fp8(output, mode),
                    absl::StrCat(ShortName(output), " ", v1::ScalingMode_Name(mode)));
    }
  }
}

TEST_F(VendorTest, Fp8OutputsWithScaleAndAmax) {
  if (GpuMachine::Get().silicon().compute_capability() != 90) GTEST_SKIP() << "not a Hopper GPU";
  v1::Problem problem = Fp8(v1::DATA_TYPE_E4M3, v1::SCALING_MODE_PER_TENSOR);
  ExpectVendors(problem, "e4m3");
  problem.mutable_gemm()->mutable_epilogue()->set_scale_d(true);
  problem.mutable_gemm()->mutable_epilogue()->set_amax(true);
  ExpectVendors(problem, "e4m3 with scale and amax");
  problem.mutable_gemm()->set_b_type(v1::DATA_TYPE_E5M2);
  problem.mutable_gemm()->set_d_type(v1::DATA_TYPE_E5M2);
  ExpectVendors(problem, "e4m3 e5m2 to e5m2");
}

TEST_F(VendorTest, OtherEpiloguesHaveNoVendor) {
  v1::Problem problem = Gemm(128, 96, 64, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  ProfileRequest request;
  request.problem = *Canonicalize(problem);
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->vendors.empty());
}

}  // namespace
}  // namespace tilewright
