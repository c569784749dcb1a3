// Compiles what the fused-dropout search space offers, and holds it to its promises: legal configs
// compile without spills and with no more registers than the launch bounds mean.
#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernel_templates/nvrtc_compile.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/target/target.h"
#include "tuner/template/fused_dropout/parameters.h"
#include "tuner/template/fused_dropout/work.h"
#include "tuner/template/registry.h"
#include "tuner/template/template.h"

namespace tilewright {
namespace {

// Beyond the estimate: what an activation and narrow accesses take.
constexpr int kRegisterSlack = 48;

void ExpectKeepsItsBounds(const v1::Problem& problem, const v1::Variant& variant,
                          const std::string& architecture) {
  const auto source = RenderSource(problem, variant);
  ASSERT_TRUE(source.ok()) << source.status();
  SCOPED_TRACE(architecture + "\n" + *source);
  const CompileReport report = CompileWithNvrtc(*source, architecture);
  ASSERT_TRUE(report.ok) << report.log;
  EXPECT_EQ(report.log.find("warning"), std::string::npos) << report.log;
  const auto found = report.entries.find(std::string(kFusedDropoutEntry));
  ASSERT_NE(found, report.entries.end()) << report.log;
  const auto config = FusedDropoutParameters().Parse(variant.config());
  ASSERT_TRUE(config.ok()) << config.status();
  const FusedDropoutWork work = WorkOf(problem.fused_dropout(), config->read_mask == 1);
  // Where shared memory leaves few blocks room, the compiler may take what they leave.
  const int left = 65536 / (config->threads * MinBlocksPerSm(*config, work));
  EXPECT_LE(found->second.registers, std::max(RegisterEstimate(*config, work) + kRegisterSlack,
                                              config->ring_parts > 0 ? left : 0))
      << report.log;
  EXPECT_LE(found->second.spill_bytes, kMaxSpillBytes) << report.log;
  EXPECT_EQ(found->second.static_shared_bytes, 0) << report.log;
  EXPECT_EQ(report.entries.count(std::string(kColumnReduceEntry)), work.column_sums > 0 ? 1u : 0u);
}

void ExpectPicksKeepTheirBounds(const v1::Problem& problem, const std::string& profile,
                                const std::string& architecture, std::size_t other) {
  const auto ranked = RankVariants(problem, FindTargetProfile(profile).value());
  ASSERT_FALSE(ranked.empty()) << DescribeProblem(problem);
  ExpectKeepsItsBounds(problem, ranked.front().variant, architecture);
  if (other > 0) {
    ExpectKeepsItsBounds(problem, ranked[ranked.size() * other / 8].variant, architecture);
  }
}

TEST(FusedDropoutResourcesTest, EveryFormKeepsItsBounds) {
  std::size_t other = 0;
  for (const std::string& form : FusedDropoutForms()) {
    const v1::Problem problem =
        FusedDropoutOf("rows: 16384 columns: 4096 dropout { probability: 0.1 } " + form);
    ExpectPicksKeepTheirBounds(problem, "h100-sxm", "sm_90a", other++ % 8);
  }
}

TEST(FusedDropoutResourcesTest, TypesAlignmentsMasksAndLoopsKeepTheirBounds) {
  const std::string gelu =
      "operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT activation: ACTIVATION_GELU_TANH ";
  const std::string residual = "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL ";
  const std::string norm = "normalization: NORMALIZATION_LAYER_NORM ";
  for (const std::string& fields : {
           "rows: 4096 columns: 1024 type: DATA_TYPE_FP32 dropout { probability: 0.5 "
           "philox_rounds: 10 store_mask: true } " +
               gelu,
           "rows: 4096 columns: 1024 type: DATA_TYPE_FP16 residual_type: DATA_TYPE_FP32 "
           "dropout { probability: 0.5 } store_statistics: true store_pre_norm: true " +
               residual + norm,
           "rows: 333 columns: 1001 dropout { probability: 0.5 store_mask: true } backward: true "
           "add_gradient: true " +
               residual + norm,
           "rows: 333 columns: 100000 dropout { probability: 0.5 } " + residual + norm,
           "rows: 333 columns: 100000 dropout { probability: 0.5 } backward: true " + residual +
               norm,
           "rows: 4096 columns: 4096 " + residual,
       }) {
    ExpectPicksKeepTheirBounds(FusedDropoutOf(fields), "h100-sxm", "sm_90a", 0);
  }
}

TEST(FusedDropoutResourcesTest, OtherArchitecturesTakeIt) {
  const v1::Problem problem = FusedDropoutOf(
      "rows: 4096 columns: 1024 dropout { probability: 0.1 } backward: true "
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM");
  ExpectPicksKeepTheirBounds(problem, "a100-sxm-80", "sm_80", 0);
}

}  // namespace
}  // namespace tilewright
