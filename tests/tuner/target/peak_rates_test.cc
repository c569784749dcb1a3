#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

struct PeakCase {
  const char* target;
  int clock_mhz;  // For which the data sheet states its peak.
  v1::DataType type;
  v1::DataType accumulator;
  double tera;
};

class PeakOperationsTest : public testing::TestWithParam<PeakCase> {};

TEST_P(PeakOperationsTest, IsTheDataSheets) {
  v1::Silicon silicon = FindTargetProfile(GetParam().target).value();
  silicon.set_max_clock_mhz(GetParam().clock_mhz);
  EXPECT_NEAR(PeakOperationsPerSecond(silicon, GetParam().type, GetParam().accumulator) / 1e12,
              GetParam().tera, 0.02 * GetParam().tera);
}

constexpr v1::DataType kFp32 = v1::DATA_TYPE_FP32;
constexpr v1::DataType kInt32 = v1::DATA_TYPE_INT32;

INSTANTIATE_TEST_SUITE_P(All, PeakOperationsTest,
                         testing::ValuesIn(std::vector<PeakCase>{
                             {"a100-sxm-80", 1410, v1::DATA_TYPE_BF16, kFp32, 312},
                             {"a100-sxm-80", 1410, v1::DATA_TYPE_TF32, kFp32, 156},
                             {"a100-sxm-80", 1410, v1::DATA_TYPE_INT8, kInt32, 624},
                             {"a100-sxm-80", 1410, v1::DATA_TYPE_FP32, kFp32, 19.5},
                             {"h100-sxm", 1830, v1::DATA_TYPE_FP16, kFp32, 989.4},
                             {"h100-sxm", 1830, v1::DATA_TYPE_INT8, kInt32, 1979},
                             {"h100-sxm", 1980, v1::DATA_TYPE_FP32, kFp32, 67},
                             {"l40s", 2520, v1::DATA_TYPE_BF16, kFp32, 362},
                             {"l4", 2040, v1::DATA_TYPE_BF16, kFp32, 121},
                             {"rtx-3090", 1695, v1::DATA_TYPE_FP16, kFp32, 71},
                             {"rtx-3090", 1695, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, 142},
                             {"rtx-3090", 1695, v1::DATA_TYPE_INT8, kInt32, 284},
                             {"rtx-4090", 2520, v1::DATA_TYPE_BF16, kFp32, 165.2},
                             {"rtx-4090", 2520, v1::DATA_TYPE_TF32, kFp32, 82.6},
                             {"rtx-5090", 2407, v1::DATA_TYPE_BF16, kFp32, 209.5},
                             {"b200", 1850, v1::DATA_TYPE_BF16, kFp32, 2250},
                         }));

TEST(PeakOperationsTest, IsZeroForWhatIsNotMultiplied) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  EXPECT_EQ(PeakOperationsPerSecond(silicon, v1::DATA_TYPE_UNSPECIFIED, kFp32), 0);
  EXPECT_EQ(PeakOperationsPerSecond(silicon, kInt32, kInt32), 0);
}

v1::Problem Parse(const std::string& text) {
  v1::Problem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem));
  return Canonicalize(problem).value();
}

TEST(RooflineTest, LargeProblemsAreBoundByArithmetic) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const v1::Problem problem = Parse("gemm { m: 8192 n: 8192 k: 8192 }");
  EXPECT_DOUBLE_EQ(RooflineSeconds(problem, silicon),
                   FloatingPointOperations(problem) /
                       PeakOperationsPerSecond(silicon, v1::DATA_TYPE_BF16, kFp32));
}

TEST(RooflineTest, ThinProblemsAreBoundByMemory) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const v1::Problem problem = Parse("gemm { m: 16 n: 28672 k: 4096 }");
  EXPECT_DOUBLE_EQ(RooflineSeconds(problem, silicon),
                   MinimumBytes(problem) / silicon.dram_bytes_per_second());
}

// The best cublasLt results on an H100 must not lie beneath the bound.
TEST(RooflineTest, IsBeneathWhatWasMeasured) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const v1::Problem square = Parse("gemm { m: 4096 n: 4096 k: 4096 }");
  EXPECT_LT(RooflineSeconds(square, silicon), FloatingPointOperations(square) / 790e12);
  EXPECT_LT(RooflineSeconds(Parse("gemm { m: 16 n: 28672 k: 4096 }"), silicon), 95e-6);
}

TEST(RooflineTest, UnknownSiliconBoundsNothing) {
  EXPECT_EQ(RooflineSeconds(Parse("gemm { m: 16 n: 16 k: 16 }"), v1::Silicon()), 0);
}

}  // namespace
}  // namespace tilewright
