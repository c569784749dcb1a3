#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/tuner/template/template_testing.h"
#include "tests/tuner/template/variants.h"
#include "tuner/model/requirements.h"

namespace tilewright {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::LaunchPlan PlanOf(const std::string& template_name, const std::string& problem,
                      const Parameters& parameters) {
  const auto plan = TemplateNamed(template_name)
                        .PlanFor(GemmOf(problem), Profile("h100-sxm"), ConfigOf(parameters));
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : v1::LaunchPlan();
}

void ExpectPlan(const v1::LaunchPlan& plan, const std::string& text) {
  v1::LaunchPlan expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &expected));
  EXPECT_TRUE(MessageDifferencer::Equals(plan, expected)) << plan.DebugString();
}

TEST(LaunchPlanTest, Sm80IsOneStep) {
  ExpectPlan(PlanOf("gemm_sm80", "m: 512 n: 512 k: 512", With(PlainSm80(), "raster_group", 4)), R"(
      arguments_version: 4
      steps {
        entry_symbol: "tilewright_gemm"
        block_threads: 128
        cluster_x: 1 cluster_y: 1
        dynamic_shared_memory_bytes: 36864
        grid_rule: GRID_RULE_TILES
        tile_m: 128 tile_n: 64
        split_k: 1
      }
      requirements {
        a_alignment: 16 b_alignment: 16 c_alignment: 1 d_alignment: 16 aux_alignment: 1
        bias_alignment: 1 m_divisor: 1 n_divisor: 1 k_divisor: 1
      }
      raster_group: 4)");
}

// A copy unit that writes no less than 16 bytes is for rows that end there, and needs others like
// them.
TEST(LaunchPlanTest, Sm90StoresWholeVectorsThroughTma) {
  const auto maps = [](const std::string& fields) {
    return PlanOf("gemm_sm90", fields, PlainSm90()).steps(0).tensor_maps_size();
  };
  const auto divisor = [](const std::string& fields) {
    return PlanOf("gemm_sm90", fields, PlainSm90()).requirements().n_divisor();
  };
  EXPECT_EQ(maps("m: 512 n: 512 k: 512"), 3);
  EXPECT_EQ(divisor("m: 512 n: 512 k: 512"), 8);
  EXPECT_EQ(divisor("m: 512 n: 512 k: 512 d_type: DATA_TYPE_FP32"), 4);
  EXPECT_EQ(maps("m: 512 n: 509 k: 512 ldd: 512"), 2);
  EXPECT_EQ(divisor("m: 512 n: 509 k: 512 ldd: 512"), 1);
}

// What passes is D, in place.
TEST(LaunchPlanTest, ASplitEpilogueIsASecondStep) {
  const v1::LaunchPlan plan =
      PlanOf("gemm_sm90",
             "m: 512 n: 512 k: 512 epilogue { gradient: true bias_gradient: true "
             "dropout { probability: 0.5 } }",
             With(PlainSm90(), "split_epilogue", 1));
  ASSERT_EQ(plan.steps_size(), 3);
  EXPECT_EQ(plan.steps(0).entry_symbol(), "tilewright_gemm");
  ASSERT_EQ(plan.steps(0).tensor_maps_size(), 3);
  EXPECT_EQ(plan.steps(0).tensor_maps(2).operand(), v1::OPERAND_D);
  v1::LaunchStep second;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
        entry_symbol: "tilewright_split_epilogue"
        block_threads: 256
        cluster_x: 1 cluster_y: 1
        grid_rule: GRID_RULE_TILES
        tile_m: 16 tile_n: 512
        split_k: 1
        programmatic_launch: true)",
                                                            &second));
  EXPECT_TRUE(MessageDifferencer::Equals(plan.steps(1), second)) << plan.DebugString();
  EXPECT_EQ(plan.steps(2).entry_symbol(), "tilewright_column_sums");
  // Sums of 16 rows, 8 of them in the first step's tile of 128.
  ASSERT_EQ(plan.workspace().regions_size(), 1);
  EXPECT_EQ(plan.workspace().regions(0).copies(), 8);
  EXPECT_EQ(plan.workspace().partial_copies(), 0);
}

// An auxiliary output is stored anyway: by the first step, through its own tensor map.
TEST(LaunchPlanTest, ASplitEpiloguePassesAux) {
  const std::string problem =
      "m: 512 n: 512 k: 512 ldd: 513 epilogue { aux_type: DATA_TYPE_BF16 "
      "activation: ACTIVATION_SILU dropout { probability: 0.5 } }";
  const v1::LaunchPlan plan = PlanOf("gemm_sm90", problem, With(PlainSm90(), "split_epilogue", 1));
  ASSERT_EQ(plan.steps(0).tensor_maps_size(), 3);
  EXPECT_EQ(plan.steps(0).tensor_maps(2).operand(), v1::OPERAND_AUX);
  EXPECT_EQ(plan.requirements().d_alignment(), 2);
  EXPECT_EQ(plan.requirements().aux_alignment(), 16);
}

TEST(LaunchPlanTest, SplitKReducesInASecondStep) {
  ExpectPlan(PlanOf("gemm_sm80", "m: 512 n: 512 k: 512 batch: 3", With(PlainSm80(), "split_k", 5)),
             R"(
      arguments_version: 4
      steps {
        entry_symbol: "tilewright_gemm"
        block_threads: 128
        cluster_x: 1 cluster_y: 1
        dynamic_shared_memory_bytes: 36864
        grid_rule: GRID_RULE_TILES
        tile_m: 128 tile_n: 64
        split_k: 5
      }
      steps {
        entry_symbol: "tilewright_gemm_reduce"
        block_threads: 256
        cluster_x: 1 cluster_y: 1
        grid_rule: GRID_RULE_TILES
        tile_m: 8 tile_n: 128
        split_k: 1
      }
      workspace { partial_copies: 5 element_bytes: 4 }
      requirements {
        a_alignment: 16 b_alignment: 16 c_alignment: 1 d_alignment: 16 aux_alignment: 1
        bias_alignment: 1 m_divisor: 1 n_divisor: 1 k_divisor: 1
      }
      raster_group: 1)");
}

TEST(LaunchPlanTest, SimtIsOneStep) {
  ExpectPlan(PlanOf("gemm_simt", "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32", PlainSimt()), R"(
      arguments_version: 4
      steps {
        entry_symbol: "tilewright_gemm"
        block_threads: 64
        cluster_x: 1 cluster_y: 1
        dynamic_shared_memory_bytes: 8704
        grid_rule: GRID_RULE_TILES
        tile_m: 64 tile_n: 64
        split_k: 1
      }
      requirements {
        a_alignment: 16 b_alignment: 16 c_alignment: 1 d_alignment: 16 aux_alignment: 1
        bias_alignment: 1 m_divisor: 1 n_divisor: 1 k_divisor: 1
      }
      raster_group: 1)");
}

TEST(LaunchPlanTest, Sm90IsPersistentAndTakesTensorMaps) {
  const Parameters config =
      With(With(With(PlainSm90(), "cluster_m", 2), "raster_group", 4), "raster_along_n", 1);
  ExpectPlan(
      PlanOf("gemm_sm90", "m: 512 n: 512 k: 512 a_layout: OPERAND_LAYOUT_TRANSPOSED", config),
      R"(
      arguments_version: 4
      steps {
        entry_symbol: "tilewright_gemm"
        block_threads: 384
        cluster_x: 2 cluster_y: 1
        dynamic_shared_memory_bytes: 196672
        grid_rule: GRID_RULE_PERSISTENT
        tile_m: 128 tile_n: 128
        split_k: 1
        blocks_per_sm: 1
        tensor_maps { operand: OPERAND_A box_inner: 64 box_outer: 64 swizzle_bytes: 128 }
        tensor_maps { operand: OPERAND_B box_inner: 64 box_outer: 64 swizzle_bytes: 128 }
        tensor_maps { operand: OPERAND_D box_inner: 64 box_outer: 16 swizzle_bytes: 128 }
        programmatic_launch: true
      }
      requirements {
        a_alignment: 16 b_alignment: 16 c_alignment: 1 d_alignment: 16 aux_alignment: 1
        bias_alignment: 1 m_divisor: 1 n_divisor: 8 k_divisor: 1
      }
      raster_group: 4
      raster_along_n: true)");
}

// Rows of D that TMA cannot write have no map.
TEST(LaunchPlanTest, Sm90StoresUnalignedRowsWithoutTma) {
  const v1::LaunchPlan plan = PlanOf("gemm_sm90", "m: 512 n: 509 k: 512", PlainSm90());
  EXPECT_EQ(plan.steps(0).tensor_maps_size(), 2);
  EXPECT_EQ(plan.requirements().d_alignment(), 2);
}

// The epilogue's staging buffer can be larger than a short ring.
TEST(LaunchPlanTest, SharedMemoryHoldsTheStagingBuffer) {
  Parameters parameters = PlainSm80();
  parameters["tile_m"] = 32;
  parameters["tile_n"] = 256;
  parameters["warps_m"] = 2;
  parameters["warps_n"] = 4;
  parameters["stages"] = 2;
  parameters["tile_k"] = 16;
  const v1::LaunchPlan plan = PlanOf("gemm_sm80", "m: 512 n: 512 k: 512", parameters);
  // 8 warps * 16 rows * (64 + 8) columns * 4 bytes, against 2 * 288 * 16 * 2.
  EXPECT_EQ(plan.steps(0).dynamic_shared_memory_bytes(), 36864);
}

TEST(LaunchPlanTest, EveryLegalVariantHasAPlanThatFitsItsTarget) {
  for (const char* target : {"h100-sxm", "a100-sxm-40", "l4", "rtx-5090"}) {
    const v1::Silicon silicon = Profile(target);
    for (const char* fields :
         {"m: 4096 n: 4096 k: 4096", "m: 16 n: 4096 k: 14336", "m: 1 n: 1 k: 1",
          "m: 777 n: 333 k: 555 a_type: DATA_TYPE_INT8 a_layout: OPERAND_LAYOUT_TRANSPOSED",
          "m: 100 n: 100 k: 10000 a_type: DATA_TYPE_FP32",
          "m: 65 n: 63 k: 4096 a_type: DATA_TYPE_TF32 batch: 7"}) {
      const v1::Problem problem = GemmOf(fields);
      for (const RankedVariant& ranked : RankVariants(problem, silicon)) {
        const auto plan = PlanForVariant(problem, silicon, ranked.variant);
        ASSERT_TRUE(plan.ok()) << fields << ranked.variant.DebugString() << plan.status();
        const v1::LaunchStep& step = plan->steps(0);
        ASSERT_LE(step.dynamic_shared_memory_bytes(), silicon.max_shared_memory_per_block());
        ASSERT_LE(step.block_threads(), 1024);
        ASSERT_EQ(plan->steps_size(), step.split_k() > 1 ? 2 : 1);
        ASSERT_TRUE(RequirementsHold(plan->requirements(), problem)) << fields;
      }
    }
  }
}

}  // namespace
}  // namespace tilewright
