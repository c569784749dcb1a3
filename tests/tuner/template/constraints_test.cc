#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/template/template_testing.h"

namespace tilewright {
namespace {

constexpr char kBf16[] = "m: 4096 n: 4096 k: 4096";
constexpr char kFp32[] = "m: 4096 n: 4096 k: 4096 a_type: DATA_TYPE_FP32";

struct BrokenCase {
  std::string constraint;  // Empty: legal.
  std::string template_name;
  std::string problem;
  Parameters parameters;
  std::string target = "h100-sxm";
};

class BrokenConstraintTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenConstraintTest, IsNamed) {
  const BrokenCase& tested = GetParam();
  const Template& of = TemplateNamed(tested.template_name);
  const v1::Problem problem = GemmOf(tested.problem);
  const v1::Silicon silicon = Profile(tested.target);
  const v1::Config config = ConfigOf(tested.parameters);
  EXPECT_EQ(of.BrokenConstraint(problem, silicon, config).value_or(""), tested.constraint);
  const auto plan = of.PlanFor(problem, silicon, config);
  EXPECT_EQ(plan.ok(), tested.constraint.empty()) << plan.status();
  if (!plan.ok()) {
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(plan.status()), "ILLEGAL_CONFIG");
    EXPECT_THAT(std::string(plan.status().message()), testing::HasSubstr(tested.constraint));
  }
  // A prediction of what cannot be is never the best.
  EXPECT_EQ(of.PredictSeconds(problem, silicon, config) < std::numeric_limits<double>::infinity(),
            tested.constraint.empty());
}

Parameters Sm80(const std::string& name, int64_t value) { return With(PlainSm80(), name, value); }
Parameters Simt(const std::string& name, int64_t value) { return With(PlainSimt(), name, value); }

Parameters LargeSm80() {
  return {{"fp16_sums", 0}, {"raster_group", 8}, {"split_epilogue", 0}, {"split_k", 1},
          {"stages", 4},    {"tile_k", 64},      {"tile_m", 128},       {"tile_n", 256},
          {"warps_m", 2},   {"warps_n", 4}};
}

constexpr char kFp16[] = "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP16";
constexpr char kFp16InHalf[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16";
constexpr char kBudgetedFp16[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP16 numerics { error_budget: 0.01 }";
constexpr char kBudgetedFp32[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 numerics { error_budget: 0.01 }";
// With a type of the sums the types decide.
constexpr char kStatedFp32[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 accumulator_type: DATA_TYPE_FP32 "
    "numerics { error_budget: 0.01 }";

INSTANTIATE_TEST_SUITE_P(
    Sm80, BrokenConstraintTest,
    testing::ValuesIn(std::vector<BrokenCase>{
        {"", "gemm_sm80", kBf16, PlainSm80()},
        {"", "gemm_sm80", kBf16, LargeSm80()},
        {"ServesTypes", "gemm_sm80", kFp32, PlainSm80()},
        {"ServesTypes", "gemm_sm80", kStatedFp32, PlainSm80()},
        {"", "gemm_sm80", kBudgetedFp32, PlainSm80()},
        {"PrecisionIsAdmitted", "gemm_sm80", kFp16, Sm80("fp16_sums", 1)},
        {"PrecisionIsAdmitted", "gemm_sm80", kFp16InHalf, PlainSm80()},
        {"", "gemm_sm80", kFp16InHalf, Sm80("fp16_sums", 1)},
        {"", "gemm_sm80", kBudgetedFp16, PlainSm80()},
        {"", "gemm_sm80", kBudgetedFp16, Sm80("fp16_sums", 1)},
        {"PrecisionIsAdmitted", "gemm_sm80", kBf16, Sm80("fp16_sums", 1)},
        {"HasSums", "gemm_sm80", kFp16InHalf, Sm80("fp16_sums", 2)},
        {"TilesAreRound", "gemm_sm80", kBf16, Sm80("tile_m", 160)},
        {"TilesAreRound", "gemm_sm80", kBf16, Sm80("tile_m", 512)},
        {"TilesAreRound", "gemm_sm80", kBf16, Sm80("tile_n", 8)},
        {"TilesAreRound", "gemm_sm80", kBf16, Sm80("tile_n", 65535)},
        {"HasWarps", "gemm_sm80", kBf16, Sm80("warps_m", 16)},
        {"HasWarps", "gemm_sm80", kBf16, With(Sm80("warps_m", 1), "warps_n", 1)},
        {"WarpTileHoldsBlocks", "gemm_sm80", kBf16, Sm80("warps_m", 3)},
        {"StageHoldsSteps", "gemm_sm80", kBf16, Sm80("tile_k", 8)},
        {"StageHoldsSteps", "gemm_sm80", kBf16, Sm80("tile_k", 128)},
        // 32 elements are one MMA step of int8, four of tf32.
        {"", "gemm_sm80", "m: 512 n: 512 k: 512 a_type: DATA_TYPE_INT8", Sm80("tile_k", 128)},
        {"StageHoldsSteps", "gemm_sm80", "m: 512 n: 512 k: 512 a_type: DATA_TYPE_TF32",
         Sm80("tile_k", 64)},
        {"HasStages", "gemm_sm80", kBf16, Sm80("stages", 1)},
        {"HasStages", "gemm_sm80", kBf16, Sm80("stages", 7)},
        {"FitsRegisters", "gemm_sm80", kBf16, With(Sm80("tile_n", 256), "warps_n", 1)},
        {"FitsSharedMemory", "gemm_sm80", kBf16, LargeSm80(), "l40s"},
        {"", "gemm_sm80", kBf16, With(LargeSm80(), "stages", 2), "l40s"},
        {"SplitsHaveWork", "gemm_sm80", "m: 64 n: 64 k: 64", Sm80("split_k", 3)},
        {"", "gemm_sm80", "m: 64 n: 64 k: 65", Sm80("split_k", 3)},
        {"FitsGrid", "gemm_sm80", "m: 2147483647 n: 1048576 k: 1", PlainSm80()},
        // Rows of the last tile of 96 have numbers beyond 2^31; those of 128 do not.
        {"FitsGrid", "gemm_sm80", "m: 2147483647 n: 8 k: 8", Sm80("tile_m", 96)},
        {"", "gemm_sm80", "m: 2147483647 n: 8 k: 8", PlainSm80()},
        {"FitsGrid", "gemm_sm80", "m: 8 n: 2147483647 k: 8", Sm80("tile_n", 96)},
        {"FitsWorkspace", "gemm_sm80", "m: 131072 n: 131072 k: 64", Sm80("split_k", 2)},
        // Copies of 2 bytes pass through registers that accumulators of 64 x 64 do not leave.
        {"HoldsNarrowCopies", "gemm_sm80", "m: 4096 n: 4096 k: 4095", LargeSm80()},
        // Single bytes need more of them than 64 x 32 of a warp leave.
        {"FitsCopyRegisters", "gemm_sm80", "m: 4095 n: 4095 k: 4095 a_type: DATA_TYPE_INT8",
         With(With(With(Sm80("tile_m", 64), "tile_n", 64), "tile_k", 64), "warps_m", 1)},
        {"", "gemm_sm80", "m: 4096 n: 4096 k: 4094", LargeSm80()},
        {"", "gemm_sm80", "m: 4096 n: 4096 k: 4095", PlainSm80()},
    }));

Parameters Sm90(const std::string& name, int64_t value) { return With(PlainSm90(), name, value); }
constexpr char kHopper[] = "h100-sxm";
constexpr char kFp8[] = "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16";
constexpr char kPromotedFp8[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
    "numerics { promote_accumulation: true }";
constexpr char kBudgetedFp8[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
    "numerics { error_budget: 0.01 }";

constexpr char kBlockScaledFp8[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
    "scaling_mode: SCALING_MODE_BLOCK_128";
constexpr char kRowScaledFp8[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
    "scaling_mode: SCALING_MODE_PER_ROW_COLUMN";
constexpr char kBiasedRowScaledFp8[] =
    "m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
    "scaling_mode: SCALING_MODE_PER_ROW_COLUMN epilogue { bias_mode: BIAS_MODE_PER_COLUMN }";

INSTANTIATE_TEST_SUITE_P(
    Sm90, BrokenConstraintTest,
    testing::ValuesIn(std::vector<BrokenCase>{
        {"", "gemm_sm90", kBf16, PlainSm90(), kHopper},
        {"ServesOperands", "gemm_sm90", kBf16, PlainSm90(), "a100-sxm-80"},
        {"ServesOperands", "gemm_sm90", kBf16, PlainSm90(), "b200"},
        {"ServesOperands", "gemm_sm90", kFp32, PlainSm90(), kHopper},
        // TMA reads rows that begin at multiples of 16 bytes.
        {"ServesOperands", "gemm_sm90", "m: 512 n: 512 k: 508", PlainSm90(), kHopper},
        {"", "gemm_sm90", "m: 512 n: 509 k: 512", PlainSm90(), kHopper},
        // wgmma transposes 16-bit types alone.
        {"ServesOperands", "gemm_sm90",
         "m: 512 n: 512 k: 512 a_type: DATA_TYPE_INT8 b_layout: OPERAND_LAYOUT_NORMAL", PlainSm90(),
         kHopper},
        {"", "gemm_sm90", "m: 512 n: 512 k: 512 a_layout: OPERAND_LAYOUT_TRANSPOSED", PlainSm90(),
         kHopper},
        {"HasConsumers", "gemm_sm90", kBf16, Sm90("consumers", 4), kHopper},
        {"PingPongHasTwo", "gemm_sm90", kBf16, With(Sm90("ping_pong", 1), "consumers", 1), kHopper},
        {"RowsFillConsumers", "gemm_sm90", kBf16, Sm90("tile_m", 192), kHopper},
        {"RowsFillConsumers", "gemm_sm90", kBf16, Sm90("tile_m", 65535), kHopper},
        {"ColumnsFitWgmma", "gemm_sm90", kBf16, Sm90("tile_n", 260), kHopper},
        {"HasPipeline", "gemm_sm90", kBf16, Sm90("stages", 1), kHopper},
        {"HasCluster", "gemm_sm90", kBf16, Sm90("cluster_n", 3), kHopper},
        {"SpansFitTiles", "gemm_sm90", "m: 512 n: 512 k: 512 a_layout: OPERAND_LAYOUT_TRANSPOSED",
         With(With(Sm90("swap_ab", 1), "tile_m", 8), "tile_n", 128), kHopper},
        {"EpilogueFitsRegisters", "gemm_sm90", kBf16,
         With(With(Sm90("tile_m", 256), "tile_n", 208), "stages", 2), kHopper},
        // An unaligned D takes more registers to store.
        {"EpilogueFitsRegisters", "gemm_sm90", "m: 512 n: 509 k: 512",
         With(Sm90("ping_pong", 1), "tile_n", 192), kHopper},
        {"", "gemm_sm90", kBf16, With(Sm90("ping_pong", 1), "tile_n", 192), kHopper},
        {"InstructionFitsLaunch", "gemm_sm90", kBf16,
         With(With(With(Sm90("consumers", 3), "tile_m", 192), "tile_n", 224), "stages", 2),
         kHopper},
        {"FitsSharedMemory", "gemm_sm90", kBf16, With(Sm90("tile_n", 256), "stages", 5), kHopper},
        {"SplitsHaveWork", "gemm_sm90", "m: 64 n: 64 k: 64", Sm90("split_k", 2), kHopper},
        {"FitsWalk", "gemm_sm90", "m: 65536 n: 65536 k: 8 batch: 65535", PlainSm90(), kHopper},
        // Batches of D that TMA cannot follow, being 2^40 bytes apart.
        {"ServesOperands", "gemm_sm90", "m: 1048576 n: 524288 k: 8 batch: 2", PlainSm90(), kHopper},
        {"FitsGrid", "gemm_sm90", "m: 8 n: 2147483640 k: 8", Sm90("tile_n", 192), kHopper},
        {"", "gemm_sm90", "m: 2147483647 n: 8 k: 8", PlainSm90(), kHopper},
        {"FitsWorkspace", "gemm_sm90", "m: 131072 n: 131072 k: 128", Sm90("split_k", 2), kHopper},
        {"HasRunTimeValues", "gemm_sm90", kBf16, Sm90("raster_along_n", 2), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kBf16, Sm90("promote", 1), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kFp8, Sm90("promote", 1), kHopper},
        {"", "gemm_sm90", kFp8, PlainSm90(), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kPromotedFp8, PlainSm90(), kHopper},
        {"", "gemm_sm90", kPromotedFp8, With(Sm90("promote", 1), "stages", 3), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kBlockScaledFp8, PlainSm90(), kHopper},
        {"", "gemm_sm90", kBlockScaledFp8, With(Sm90("promote", 1), "stages", 3), kHopper},
        // Groups of 8 columns: too many scales.
        {"BlocksHaveScales", "gemm_sm90", kBlockScaledFp8,
         With(With(Sm90("promote", 1), "stages", 3), "tile_n", 152), kHopper},
        {"", "gemm_sm90", kBlockScaledFp8,
         With(With(Sm90("promote", 1), "stages", 3), "tile_n", 192), kHopper},
        {"", "gemm_sm90", kRowScaledFp8, With(Sm90("tile_n", 256), "stages", 3), kHopper},
        {"EpilogueFitsRegisters", "gemm_sm90", kRowScaledFp8,
         With(With(Sm90("tile_m", 192), "ping_pong", 1), "stages", 3), kHopper},
        {"EpilogueFitsRegisters", "gemm_sm90", kBiasedRowScaledFp8,
         With(Sm90("tile_n", 256), "stages", 3), kHopper},
        // The measured errors decide.
        {"", "gemm_sm90", kBudgetedFp8, PlainSm90(), kHopper},
        {"", "gemm_sm90", kBudgetedFp8, With(Sm90("promote", 1), "stages", 3), kHopper},
        {"ServesOperands", "gemm_sm90", kStatedFp32, Sm90("products", 3), kHopper},
        {"", "gemm_sm90", kBudgetedFp32, PlainSm90(), kHopper},
        {"", "gemm_sm90", kBudgetedFp32, With(Sm90("products", 3), "stages", 3), kHopper},
        {"", "gemm_sm90", kBudgetedFp32, With(With(Sm90("products", 3), "stages", 3), "promote", 1),
         kHopper},
        {"FitsSharedMemory", "gemm_sm90", kBudgetedFp32, Sm90("products", 3), kHopper},
        {"ProductsSuitSums", "gemm_sm90", kBudgetedFp32, Sm90("products", 2), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kBudgetedFp32, Sm90("promote", 1), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kBf16, Sm90("products", 3), kHopper},
        {"ServesOperands", "gemm_sm90",
         "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 b_layout: OPERAND_LAYOUT_NORMAL "
         "numerics { error_budget: 0.01 }",
         Sm90("products", 3), kHopper},
        {"PrecisionIsAdmitted", "gemm_sm90", kFp16InHalf, PlainSm90(), kHopper},
        {"", "gemm_sm90", kFp16InHalf, Sm90("fp16_sums", 1), kHopper},
        {"ProductsSuitSums", "gemm_sm90", kFp16InHalf, With(Sm90("fp16_sums", 1), "promote", 1),
         kHopper},
        // Sums that take half the registers admit tiles of 256 x 256.
        {"", "gemm_sm90", kFp16InHalf,
         With(With(With(Sm90("fp16_sums", 1), "tile_m", 256), "tile_n", 256), "stages", 3),
         kHopper},
        {"HasParameters", "gemm_sm90", kBf16, Sm90("ping_pong", -1), kHopper},
        {"HasParameters", "gemm_sm90", kBf16, Sm90("tile_m", 0), kHopper},
    }));

constexpr char kDropping[] =
    "m: 512 n: 512 k: 4096 epilogue { dropout { probability: 0.5 store_mask: true } }";

INSTANTIATE_TEST_SUITE_P(
    SplitEpilogue, BrokenConstraintTest,
    testing::ValuesIn(std::vector<BrokenCase>{
        {"", "gemm_sm80", kDropping, Sm80("split_epilogue", 1)},
        {"", "gemm_sm90", kDropping, Sm90("split_epilogue", 1), kHopper},
        // Nothing that stores a mask is left in the GEMM, nor anything that takes registers.
        {"TileHasMask", "gemm_sm90", kDropping, Sm90("swap_ab", 1), kHopper},
        {"", "gemm_sm90", kDropping, With(Sm90("split_epilogue", 1), "swap_ab", 1), kHopper},
        {"TileHasMask", "gemm_sm90", kDropping, Sm90("tile_n", 136), kHopper},
        {"", "gemm_sm90", kDropping, With(Sm90("split_epilogue", 1), "tile_n", 136), kHopper},
        {"SplitsEpilogueAlone", "gemm_sm90", kDropping, Sm90("split_epilogue", 2), kHopper},
        {"SplitsEpilogueAlone", "gemm_sm80", kDropping,
         With(Sm80("split_epilogue", 1), "split_k", 2)},
        {"SplitsEpilogueAlone", "gemm_sm90", kDropping,
         With(Sm90("split_epilogue", 1), "split_k", 2), kHopper},
        {"SplitsEpilogueAlone", "gemm_sm80", kBf16, Sm80("split_epilogue", 1)},
        {"ColumnsFitWgmma", "gemm_sm90", kDropping, With(Sm90("split_epilogue", 1), "tile_n", 264),
         kHopper},
        // More rows than the second launch has blocks for, though not the first one.
        {"SplitsEpilogueAlone", "gemm_sm80",
         "m: 2000000000 n: 8800 k: 1 epilogue { dropout { probability: 0.5 } }",
         Sm80("split_epilogue", 1)},
        {"HasParameters", "gemm_sm80", kDropping, Sm80("split_epilogue", -1)},
    }));

INSTANTIATE_TEST_SUITE_P(
    Simt, BrokenConstraintTest,
    testing::ValuesIn(std::vector<BrokenCase>{
        {"", "gemm_simt", kFp32, PlainSimt()},
        {"ServesTypes", "gemm_simt", kBf16, PlainSimt()},
        {"ServesTypes", "gemm_simt", "m: 8 n: 8 k: 8 a_type: DATA_TYPE_TF32", PlainSimt()},
        {"ThreadTileHoldsVectors", "gemm_simt", kFp32, Simt("thread_m", 2)},
        {"ThreadTileHoldsVectors", "gemm_simt", kFp32, Simt("thread_n", 12)},
        {"TileHoldsThreads", "gemm_simt", kFp32, Simt("tile_m", 4)},
        {"TileHoldsThreads", "gemm_simt", kFp32, Simt("tile_n", 512)},
        {"HasThreads", "gemm_simt", kFp32, With(Simt("tile_m", 16), "tile_n", 16)},
        {"StageHoldsVectors", "gemm_simt", kFp32, Simt("tile_k", 64)},
        {"CopiesDivide", "gemm_simt", kFp32,
         With(With(Simt("tile_k", 4), "tile_m", 256), "tile_n", 32)},
        {"FitsRegisters", "gemm_simt", kFp32,
         With(With(With(Simt("thread_m", 16), "thread_n", 16), "tile_m", 128), "tile_n", 128)},
        {"SplitsHaveWork", "gemm_simt", "m: 64 n: 64 k: 8 a_type: DATA_TYPE_FP32",
         Simt("split_k", 2)},
        {"FitsGrid", "gemm_simt", "m: 2147483647 n: 1048576 k: 1 a_type: DATA_TYPE_FP32",
         PlainSimt()},
        {"FitsWorkspace", "gemm_simt", "m: 131072 n: 131072 k: 64 a_type: DATA_TYPE_FP32",
         Simt("split_k", 2)},
    }));

Parameters Without(Parameters parameters, const std::string& name) {
  parameters.erase(name);
  return parameters;
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, BrokenConstraintTest,
    testing::ValuesIn(std::vector<BrokenCase>{
        {"HasParameters", "gemm_sm80", kBf16, {}},
        {"HasParameters", "gemm_sm80", kBf16, Without(PlainSm80(), "stages")},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("extra", 1)},
        {"HasParameters", "gemm_sm80", kBf16, PlainSimt()},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("warps_m", 0)},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("tile_m", -128)},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("split_k", 65536)},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("raster_group", int64_t{1} << 32)},
        {"HasParameters", "gemm_sm80", kBf16, Sm80("stages", std::numeric_limits<int64_t>::min())},
        {"HasParameters", "gemm_simt", kFp32, Simt("thread_m", 0)},
        {"HasParameters", "gemm_simt", kFp32, Simt("tile_k", std::numeric_limits<int64_t>::max())},
    }));

// No silicon of the profiles has so little that this rule of gemm_simt is the first to break.
// Splits used to be tried with the gradient of a bias, which no split can give.
TEST(EnumerateTest, EveryConfigOfABiasGradientIsLegal) {
  const v1::Silicon silicon = Profile("h100-sxm");
  for (const char* types : {"", " a_type: DATA_TYPE_FP32"}) {
    const v1::Problem problem = GemmOf(
        absl::StrCat("m: 72 n: 104 k: 4096 epilogue { gradient: true bias_gradient: true dropout { "
                     "probability: 0.5 } }",
                     types));
    for (const Template* of : Templates()) {
      for (const v1::Config& config : of->Enumerate(problem, silicon)) {
        EXPECT_EQ(of->BrokenConstraint(problem, silicon, config), std::nullopt)
            << of->name() << " " << config.ShortDebugString();
      }
    }
  }
}

// Of warp tiles of 48 columns, stored one by one, lanes used to overwrite each other's sums.
TEST(BrokenConstraintTest, SlotsOfAWarpTileShareNoSums) {
  const v1::Silicon silicon = Profile("h100-sxm");
  const v1::Problem problem =
      GemmOf("m: 256 n: 131 k: 64 epilogue { gradient: true bias_gradient: true }");
  Parameters config = PlainSm80();
  config["tile_n"] = 96;
  EXPECT_EQ(TemplateNamed("gemm_sm80").BrokenConstraint(problem, silicon, ConfigOf(config)),
            "WarpSumsColumns");
  config["tile_n"] = 64;
  EXPECT_EQ(TemplateNamed("gemm_sm80").BrokenConstraint(problem, silicon, ConfigOf(config)),
            std::nullopt);
}

TEST(BrokenConstraintTest, SimtStagesFitSharedMemory) {
  v1::Silicon silicon = Profile("h100-sxm");
  const v1::Config config = ConfigOf(PlainSimt());
  const int bytes = 2 * 8 * (64 + 64 + 8) * 4;
  silicon.set_max_shared_memory_per_block(bytes);
  EXPECT_EQ(TemplateNamed("gemm_simt").BrokenConstraint(GemmOf(kFp32), silicon, config),
            std::nullopt);
  silicon.set_max_shared_memory_per_block(bytes - 1);
  EXPECT_EQ(TemplateNamed("gemm_simt").BrokenConstraint(GemmOf(kFp32), silicon, config),
            "FitsSharedMemory");
}

TEST(BrokenConstraintTest, ParametersOutOfOrderAreRefused) {
  v1::Config config = ConfigOf(PlainSm80());
  config.mutable_parameters()->SwapElements(0, 1);
  EXPECT_EQ(TemplateNamed("gemm_sm80").BrokenConstraint(GemmOf(kBf16), Profile("h100-sxm"), config),
            "HasParameters");
}

TEST(BrokenConstraintTest, RepeatedParametersAreRefused) {
  v1::Config config = ConfigOf(PlainSm80());
  *config.mutable_parameters(1) = config.parameters(0);
  EXPECT_EQ(TemplateNamed("gemm_sm80").BrokenConstraint(GemmOf(kBf16), Profile("h100-sxm"), config),
            "HasParameters");
}

TEST(BrokenConstraintTest, OldSiliconIsNotServed) {
  v1::Silicon silicon = Profile("a100-sxm-80");
  silicon.set_compute_capability(75);
  EXPECT_TRUE(RankVariants(GemmOf(kBf16), silicon).empty());
  EXPECT_TRUE(RankVariants(GemmOf(kFp32), silicon).empty());
}

TEST(BrokenConstraintTest, SiliconOfWhichNothingIsKnownHasNoVariants) {
  v1::Silicon silicon;
  silicon.set_compute_capability(90);
  EXPECT_TRUE(RankVariants(GemmOf(kBf16), silicon).empty());
}

}  // namespace
}  // namespace tilewright
