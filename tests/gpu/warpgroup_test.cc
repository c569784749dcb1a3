// gemm_sm90: its schedules, clusters and store paths, chosen by hand or sampled over its space.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

using WarpgroupTest = HopperTest;

GemmCase Sm90Case(const std::string& name, const v1::Problem& problem, int variants,
                  bool split_k_only = false) {
  return {name, problem, variants, split_k_only, "gemm_sm90"};
}

// Odd numbers of tiles: clusters hang over the edges.
TEST_F(WarpgroupTest, EveryScheduleAndClusterOnRaggedShapes) {
  ExpectConfigsSound(Gemm(777, 1288, 520, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

// More tiles than blocks, so that the ring and its phases go round.
TEST_F(WarpgroupTest, EveryScheduleAndClusterOverManyTiles) {
  ExpectConfigsSound(Gemm(5003, 4096, 192, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

TEST_F(WarpgroupTest, EveryScheduleAndClusterOnOneElement) {
  ExpectConfigsSound(Gemm(1, 8, 8, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

// D without TMA: rows that begin at 2 bytes.
TEST_F(WarpgroupTest, UnalignedRowsOfD) {
  std::vector<GemmCase> cases;
  for (const int64_t n : {1, 7, 129, 1001, 2050, 3076}) {
    cases.push_back(Sm90Case(absl::StrCat("n ", n), Gemm(333, n, 264, v1::DATA_TYPE_BF16), 8));
  }
  ExpectSound(cases);
}

TEST_F(WarpgroupTest, EveryTypeAndLayout) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16}) {
    for (const char* letters : {"NN", "NT", "TN", "TT"}) {
      GemmCase one =
          Sm90Case(absl::StrCat(ShortName(type), " ", letters), Gemm(328, 456, 392, type), 10);
      SetLayout(one.problem, letters);
      cases.push_back(one);
    }
  }
  for (const v1::DataType type : {v1::DATA_TYPE_TF32, v1::DATA_TYPE_INT8}) {
    cases.push_back(Sm90Case(ShortName(type), Gemm(328, 456, 400, type), 10));
  }
  ExpectSound(cases);
}

TEST_F(WarpgroupTest, BatchesAndSplits) {
  v1::Problem batched = Gemm(200, 264, 136, v1::DATA_TYPE_BF16);
  batched.mutable_gemm()->set_batch(7);
  ExpectSound({Sm90Case("batches", batched, 10),
               Sm90Case("splits", Gemm(64, 512, 4096, v1::DATA_TYPE_BF16), 10, true),
               Sm90Case("thin", Gemm(5, 1024, 4096, v1::DATA_TYPE_FP16), 16)});
}

TEST_F(WarpgroupTest, EpiloguesOfEveryStorePath) {
  std::vector<GemmCase> cases;
  for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
    for (const int64_t n : {520, 513}) {
      const v1::Problem plain = Gemm(700, n, 200, v1::DATA_TYPE_BF16, output);
      cases.push_back(Sm90Case("bias and activation", WithBiasAndActivation(plain), 10));
      v1::Problem by_row = WithBiasAndActivation(plain);
      by_row.mutable_gemm()->mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
      cases.push_back(Sm90Case("bias per row", by_row, 6));
      v1::Problem residual = WithBiasAndActivation(plain);
      residual.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
      residual.mutable_gemm()->mutable_epilogue()->set_aux_type(output);
      cases.push_back(Sm90Case("residual and aux", residual, 6));
    }
  }
  ExpectSound(cases);
}

}  // namespace
}  // namespace tilewright
