// The template of the fused dropout: what it offers, what it refuses, how it is launched, and
// what the model expects.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tests/tuner/template/template_testing.h"
#include "tests/tuner/template/variants.h"
#include "tuner/model/requirements.h"
#include "tuner/template/fused_dropout/model.h"
#include "tuner/template/fused_dropout/work.h"

namespace tilewright {
namespace {

constexpr char kLarge[] = "rows: 16384 columns: 4096 dropout { probability: 0.1 } ";

Parameters Plain() {
  return {{"column_threads", 32}, {"looped", 0},     {"prefetch", 0},
          {"read_mask", 0},       {"ring_parts", 0}, {"slots", 1},
          {"threads", 256},       {"tile_m", 64},    {"vector", 8}};
}

std::string Broken(const v1::Problem& problem, const Parameters& parameters) {
  return TemplateNamed("fused_dropout")
      .BrokenConstraint(problem, Profile("h100-sxm"), ConfigOf(parameters))
      .value_or("");
}

TEST(FusedDropoutTemplateTest, OffersLegalConfigsForEveryForm) {
  const Template& of = TemplateNamed("fused_dropout");
  for (const std::string& form : FusedDropoutForms()) {
    for (const char* shape :
         {"rows: 1 columns: 3 ", "rows: 33 columns: 1001 ", kLarge, "rows: 7 columns: 200000 "}) {
      const v1::Problem problem = FusedDropoutOf(shape + form);
      const auto configs = of.Enumerate(problem, Profile("h100-sxm"));
      EXPECT_FALSE(configs.empty()) << shape << form;
      std::set<std::string> distinct;
      for (const v1::Config& config : configs) {
        distinct.insert(config.SerializeAsString());
        EXPECT_EQ(of.BrokenConstraint(problem, Profile("h100-sxm"), config), std::nullopt);
        v1::Variant variant;
        variant.set_template_name("fused_dropout");
        *variant.mutable_config() = config;
        EXPECT_TRUE(RenderSource(problem, variant).ok()) << shape << form;
      }
      EXPECT_EQ(distinct.size(), configs.size());
    }
  }
}

TEST(FusedDropoutTemplateTest, NoOtherTemplateServesIt) {
  const v1::Problem problem =
      FusedDropoutOf(std::string(kLarge) + "operation: DROPOUT_OPERATION_DROPOUT");
  for (const Template* of : Templates()) {
    EXPECT_EQ(of->Supports(problem, Profile("h100-sxm")), of->name() == "fused_dropout");
  }
  EXPECT_FALSE(
      TemplateNamed("fused_dropout").Supports(GemmOf("m: 1 n: 1 k: 1"), Profile("h100-sxm")));
}

TEST(FusedDropoutTemplateTest, NamesTheConstraintThatIsBroken) {
  const v1::Problem plain =
      FusedDropoutOf(std::string(kLarge) + "operation: DROPOUT_OPERATION_DROPOUT");
  const v1::Problem norm =
      FusedDropoutOf(std::string(kLarge) +
                     "operation: DROPOUT_OPERATION_DROPOUT normalization: NORMALIZATION_RMS_NORM");
  EXPECT_EQ(Broken(plain, Plain()), "");
  EXPECT_EQ(Broken(plain, With(Plain(), "vector", 2)), "VectorSharesCalls");
  EXPECT_EQ(Broken(plain, With(Plain(), "slots", 5)), "HasSlots");
  EXPECT_EQ(Broken(plain, With(Plain(), "column_threads", 48)), "ThreadsMakeGroups");
  EXPECT_EQ(Broken(plain, With(Plain(), "threads", 2048)), "ThreadsMakeGroups");
  EXPECT_EQ(Broken(plain, With(Plain(), "tile_m", 24)), "TileHoldsPairs");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "tile_m", 24), "column_threads", 64)), "");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "tile_m", 4), "column_threads", 64)),
            "TileHoldsPairs");
  EXPECT_EQ(Broken(plain, With(Plain(), "prefetch", 1)), "");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "prefetch", 1), "tile_m", 16)), "HasNextPair");
  EXPECT_EQ(Broken(plain, With(Plain(), "read_mask", 1)), "HasMaskToRead");
  EXPECT_EQ(Broken(plain, With(Plain(), "looped", 1)), "HoldsRows");
  EXPECT_EQ(Broken(norm, Plain()), "HoldsRows");
  EXPECT_EQ(Broken(norm, With(Plain(), "looped", 1)), "");
  EXPECT_EQ(Broken(plain, With(Plain(), "ring_parts", 2)), "");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "ring_parts", 2), "slots", 4)), "RingHoldsRows");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "ring_parts", 2), "prefetch", 1)), "RingHoldsRows");
  EXPECT_EQ(Broken(plain, With(With(Plain(), "ring_parts", 32), "threads", 512)),
            "FitsSharedMemory");
  EXPECT_EQ(Broken(FusedDropoutOf("rows: 64 columns: 333 operation: DROPOUT_OPERATION_DROPOUT"),
                   With(Plain(), "ring_parts", 2)),
            "RingHoldsRows");
  EXPECT_EQ(Broken(norm, With(With(Plain(), "looped", 1), "ring_parts", 2)), "RingHoldsRows");
  EXPECT_EQ(Broken(plain, {{"vector", 8}}), "HasParameters");
  EXPECT_EQ(Broken(GemmOf("m: 1 n: 1 k: 1"), Plain()), "ServesKind");
}

TEST(FusedDropoutTemplateTest, PlansOneStepOrTwo) {
  const Template& of = TemplateNamed("fused_dropout");
  const v1::Problem forward = FusedDropoutOf(
      std::string(kLarge) + "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL x_stride: 4100");
  const auto one = of.PlanFor(forward, Profile("h100-sxm"), ConfigOf(Plain()));
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->steps_size(), 1);
  EXPECT_EQ(one->arguments_version(), kFusedDropoutArgsVersion);
  EXPECT_EQ(one->steps(0).grid_rule(), v1::GRID_RULE_TILES);
  EXPECT_EQ(one->steps(0).tile_n(), 256);
  EXPECT_FALSE(one->has_workspace());
  EXPECT_EQ(one->requirements().a_alignment(), 8);
  EXPECT_EQ(one->requirements().d_alignment(), 16);
  EXPECT_EQ(one->requirements().bias_alignment(), 2);
  EXPECT_EQ(one->requirements().n_limit(), 0);

  const v1::Problem backward = FusedDropoutOf(
      std::string(kLarge) +
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM "
      "backward: true");
  const auto two = of.PlanFor(backward, Profile("h100-sxm"),
                              ConfigOf(With(With(Plain(), "column_threads", 512), "threads", 512)));
  ASSERT_TRUE(two.ok()) << two.status();
  ASSERT_EQ(two->steps_size(), 2);
  EXPECT_EQ(two->steps(1).entry_symbol(), kColumnReduceEntry);
  EXPECT_EQ(two->steps(1).grid_rule(), v1::GRID_RULE_COLUMNS);
  EXPECT_TRUE(two->steps(0).programmatic_launch());
  EXPECT_TRUE(two->steps(1).programmatic_launch());
  EXPECT_EQ(two->workspace().regions(0).copies(), 3);
  EXPECT_EQ(two->requirements().n_limit(), 4096);
}

TEST(FusedDropoutTemplateTest, LongRowsAreNotServedByKernelsThatHoldThem) {
  v1::Requirements requirements;
  requirements.set_n_limit(4096);
  const std::string form =
      " operation: DROPOUT_OPERATION_DROPOUT normalization: NORMALIZATION_RMS_NORM";
  EXPECT_TRUE(RequirementsHold(requirements, FusedDropoutOf("rows: 1 columns: 4096" + form)));
  EXPECT_FALSE(RequirementsHold(requirements, FusedDropoutOf("rows: 1 columns: 4097" + form)));
  requirements.set_a_alignment(16);
  EXPECT_TRUE(RequirementsHold(requirements, FusedDropoutOf("rows: 1 columns: 8" + form)));
  EXPECT_FALSE(RequirementsHold(requirements, FusedDropoutOf("rows: 1 columns: 9" + form)));
}

// What the tuner and the template count must be the same; the template checks it against the
// launch bounds alone.
TEST(FusedDropoutTemplateTest, WorkFollowsFromTheTensors) {
  const auto work = WorkOf(
      FusedDropoutOf("rows: 8 columns: 8 operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT "
                     "activation: ACTIVATION_SILU normalization: NORMALIZATION_LAYER_NORM "
                     "backward: true dropout { probability: 0.5 store_mask: true }")
          .fused_dropout(),
      /*read_mask=*/true);
  EXPECT_EQ(work.row_tensors, 3);  // dy, pre_norm, x.
  EXPECT_EQ(work.row_bytes, 6);
  EXPECT_FALSE(work.drops);
  EXPECT_EQ(work.column_sums, 3);
}

// What is bound by memory takes its bytes' time, and dropout costs instructions alone.
TEST(FusedDropoutModelTest, LargeTensorsTakeTheTimeOfTheirBytes) {
  for (const std::string& form : FusedDropoutForms()) {
    const v1::Problem problem = FusedDropoutOf(std::string(kLarge) + form);
    const double copy_seconds = MinimumBytes(problem) / 3.02e12;
    const double best = RankVariants(problem, Profile("h100-sxm")).front().predicted_seconds;
    EXPECT_GT(best, copy_seconds) << form;
    EXPECT_LT(best, 1.35 * copy_seconds) << form;
  }
}

TEST(FusedDropoutModelTest, CountsWhatDropoutCosts) {
  const FusedDropoutConfig config{8, 1, 32, 256, 64};
  const std::string form = "rows: 64 columns: 4096 operation: DROPOUT_OPERATION_DROPOUT ";
  const auto count = [&](const std::string& dropout) {
    return InstructionsPerElement(FusedDropoutOf(form + dropout).fused_dropout(), config);
  };
  EXPECT_LT(count("") + 5, count("dropout { probability: 0.1 }"));
  EXPECT_LT(count("dropout { probability: 0.1 }"),
            count("dropout { probability: 0.1 philox_rounds: 10 }"));
}

}  // namespace
}  // namespace tilewright
