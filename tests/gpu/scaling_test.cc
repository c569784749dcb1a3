// fp8 outputs and scales of every kind, on every store path and schedule that may meet them.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

constexpr v1::DataType kFp8[] = {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2};
constexpr v1::ScalingMode kModes[] = {v1::SCALING_MODE_PER_TENSOR, v1::SCALING_MODE_PER_ROW_COLUMN,
                                      v1::SCALING_MODE_BLOCK_128};

using ScalingTest = HopperTest;

bool IsFp8Type(v1::DataType type) {
  return type == v1::DATA_TYPE_E4M3 || type == v1::DATA_TYPE_E5M2;
}

// With a scale of D where D may have one, and its amax.
v1::Problem Scaled(v1::Problem problem, v1::ScalingMode mode) {
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_scaling_mode(mode);
  gemm.mutable_epilogue()->set_scale_d(IsFp8Type(gemm.d_type()));
  gemm.mutable_epilogue()->set_amax(IsFp8Type(gemm.d_type()));
  return problem;
}

v1::Problem Mixed(int64_t m, int64_t n, int64_t k, v1::DataType a, v1::DataType b,
                  v1::DataType output) {
  v1::Problem problem = Gemm(m, n, k, a, output);
  problem.mutable_gemm()->set_b_type(b);
  return problem;
}

v1::Problem E4m3(int64_t m, int64_t n, int64_t k, v1::DataType output, v1::ScalingMode mode) {
  return Scaled(Gemm(m, n, k, v1::DATA_TYPE_E4M3, output), mode);
}

std::string NameOf(v1::ScalingMode mode) { return v1::ScalingMode_Name(mode); }

TEST_F(ScalingTest, Fp8OutputsOfEveryMix) {
  std::vector<GemmCase> cases;
  for (const v1::DataType a : kFp8) {
    for (const v1::DataType b : kFp8) {
      for (const v1::DataType output : kFp8) {
        for (const v1::ScalingMode mode : {v1::SCALING_MODE_NONE, v1::SCALING_MODE_PER_TENSOR}) {
          cases.push_back({absl::StrCat(ShortName(a), " ", ShortName(b), " to ", ShortName(output),
                                        " ", NameOf(mode)),
                           Scaled(Mixed(264, 400, 336, a, b, output), mode), 8});
        }
      }
    }
  }
  ExpectSound(cases);
}

// Rows that begin at 16, 8, 4, 2 and 1 bytes.
TEST_F(ScalingTest, Fp8OutputsInRowsOfEveryAlignment) {
  std::vector<GemmCase> cases;
  for (const int64_t n : {1, 7, 16, 129, 1001, 1006, 1012, 2056, 3072}) {
    for (const v1::ScalingMode mode : kModes) {
      cases.push_back({absl::StrCat("n ", n, " ", NameOf(mode)),
                       E4m3(333, n, 272, v1::DATA_TYPE_E4M3, mode), 8});
    }
  }
  ExpectSound(cases);
}

TEST_F(ScalingTest, EveryModeMixAndOutput) {
  std::vector<GemmCase> cases;
  for (const v1::ScalingMode mode : kModes) {
    for (const v1::DataType a : kFp8) {
      for (const v1::DataType b : kFp8) {
        for (const v1::DataType output :
             {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32}) {
          cases.push_back({absl::StrCat(ShortName(a), " ", ShortName(b), " to ", ShortName(output),
                                        " ", NameOf(mode)),
                           Scaled(Mixed(264, 392, 720, a, b, output), mode), 6});
        }
      }
    }
  }
  ExpectSound(cases);
}

// From one element on, and past the edges of blocks by one.
TEST_F(ScalingTest, EveryModeOnTinyAndRaggedShapes) {
  std::vector<GemmCase> cases;
  for (const v1::ScalingMode mode : kModes) {
    for (const auto& [m, n, k] :
         {std::tuple{1, 1, 1}, {1, 129, 129}, {129, 1, 128}, {127, 255, 640}, {257, 385, 1025}}) {
      v1::Problem problem = E4m3(m, n, k, v1::DATA_TYPE_BF16, mode);
      // TMA reads rows at multiples of 16 bytes.
      problem.mutable_gemm()->set_lda((k + 15) / 16 * 16);
      problem.mutable_gemm()->set_ldb((k + 15) / 16 * 16);
      cases.push_back({absl::StrCat(m, " ", n, " ", k, " ", NameOf(mode)), problem, 8});
    }
  }
  ExpectSound(cases);
}

TEST_F(ScalingTest, BatchesAndSplitsAndThinOutputs) {
  std::vector<GemmCase> cases;
  for (const v1::ScalingMode mode : kModes) {
    for (const v1::DataType output : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16}) {
      const std::string name = absl::StrCat(ShortName(output), " ", NameOf(mode));
      v1::Problem batched = E4m3(200, 264, 400, output, mode);
      batched.mutable_gemm()->set_batch(7);
      cases.push_back({absl::StrCat("batches, ", name), batched, 8});
      cases.push_back({absl::StrCat("splits, ", name), E4m3(64, 509, 4096, output, mode), 8, true});
      cases.push_back({absl::StrCat("thin, ", name), E4m3(5, 1024, 4096, output, mode), 12});
    }
  }
  ExpectSound(cases);
}

TEST_F(ScalingTest, EveryScheduleAndClusterToFp8) {
  for (const v1::ScalingMode mode :
       {v1::SCALING_MODE_PER_TENSOR, v1::SCALING_MODE_PER_ROW_COLUMN}) {
    ExpectConfigsSound(E4m3(777, 1296, 528, v1::DATA_TYPE_E4M3, mode), EveryScheduleAndCluster());
  }
}

TEST_F(ScalingTest, EveryScheduleAndClusterOfBlocks) {
  for (const v1::DataType output : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16}) {
    ExpectConfigsSound(E4m3(777, 1296, 1040, output, v1::SCALING_MODE_BLOCK_128),
                       EveryPromotingScheduleAndCluster());
  }
  // More tiles than blocks of the grid.
  ExpectConfigsSound(E4m3(5003, 4096, 400, v1::DATA_TYPE_BF16, v1::SCALING_MODE_BLOCK_128),
                     EveryPromotingScheduleAndCluster());
}

// With e5m2 inputs the adversarial bias and source lie beyond what e4m3 holds: D saturates.
TEST_F(ScalingTest, EpiloguesOfEveryStorePath) {
  std::vector<GemmCase> cases;
  for (const v1::ScalingMode mode : kModes) {
    for (const v1::DataType input : kFp8) {
      for (const int64_t n : {528, 513}) {
        const v1::Problem plain = Scaled(Gemm(700, n, 208, input, v1::DATA_TYPE_E4M3), mode);
        const std::string name = absl::StrCat(ShortName(input), " n ", n, " ", NameOf(mode));
        cases.push_back({absl::StrCat("bias, ", name), WithBiasAndActivation(plain), 8});
        v1::Problem by_row = WithBiasAndActivation(plain);
        by_row.mutable_gemm()->mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
        cases.push_back({absl::StrCat("bias per row, ", name), by_row, 4});
        v1::Problem residual = WithBiasAndActivation(plain);
        residual.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
        residual.mutable_gemm()->mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
        cases.push_back({absl::StrCat("residual and aux, ", name), residual, 6});
      }
    }
  }
  ExpectSound(cases);
}

// Of every layout: gemm_sm80 takes what gemm_sm90 does not.
TEST(IntegerScalingTest, SumsBecomeFloats) {
  std::vector<GemmCase> cases;
  for (const v1::ScalingMode mode :
       {v1::SCALING_MODE_PER_TENSOR, v1::SCALING_MODE_PER_ROW_COLUMN}) {
    for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32}) {
      for (const char* letters : {"NT", "NN", "TN", "TT"}) {
        v1::Problem problem = Scaled(Gemm(264, 392, 336, v1::DATA_TYPE_INT8, output), mode);
        SetLayout(problem, letters);
        cases.push_back(
            {absl::StrCat(letters, " to ", ShortName(output), " ", NameOf(mode)), problem, 6});
      }
      v1::Problem unaligned = Scaled(Gemm(131, 77, 4099, v1::DATA_TYPE_INT8, output), mode);
      cases.push_back(
          {absl::StrCat("splits to ", ShortName(output), " ", NameOf(mode)), unaligned, 6, true});
      unaligned.mutable_gemm()->set_batch(3);
      cases.push_back(
          {absl::StrCat("batches to ", ShortName(output), " ", NameOf(mode)), unaligned, 6});
    }
  }
  ExpectSound(cases);
}

}  // namespace
}  // namespace tilewright
