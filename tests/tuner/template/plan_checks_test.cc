// What launchers, imports and clients accept, against all that the templates offer.
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "kernel_templates/launch/plan/check_plan.h"
#include "proto/problem/problem.h"
#include "tests/tuner/template/variants.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

const char* const kProblems[] = {
    "gemm { m: 8192 n: 6144 k: 4096 }",
    "gemm { m: 1 n: 1 k: 1 }",
    "gemm { m: 64 n: 64 k: 65536 }",
    "gemm { m: 100 n: 50257 k: 768 batch: 3 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32 b_type: DATA_TYPE_FP32"
    " d_type: DATA_TYPE_FP32 }",
    "gemm { m: 512 n: 512 k: 8192 a_type: DATA_TYPE_INT8 b_type: DATA_TYPE_INT8"
    " d_type: DATA_TYPE_INT32 }",
    "gemm { m: 512 n: 512 k: 512 a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E4M3"
    " d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128 }",
    "gemm { m: 16384 n: 4096 k: 1024 b_layout: OPERAND_LAYOUT_NORMAL epilogue { gradient: true"
    " bias_gradient: true activation: ACTIVATION_GELU_ERF aux_type: DATA_TYPE_BF16"
    " dropout { probability: 0.1 } } }",
    "fused_dropout { rows: 16384 columns: 1280 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL"
    " normalization: NORMALIZATION_RMS_NORM dropout { probability: 0.1 } backward: true }",
    "fused_dropout { rows: 7001 columns: 1111 type: DATA_TYPE_FP32"
    " operation: DROPOUT_OPERATION_DROPOUT dropout { probability: 0.5 } }",
};

TEST(PlanChecksTest, EveryPlanOfATemplateIsAccepted) {
  int plans = 0;
  for (const char* target : {"h100-sxm", "a100-sxm-80"}) {
    const auto silicon = FindTargetProfile(target);
    ASSERT_TRUE(silicon.ok()) << silicon.status();
    for (const char* text : kProblems) {
      v1::Problem problem;
      ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem)) << text;
      const v1::Problem canonical = Canonicalize(problem).value();
      const auto ranked = RankVariants(canonical, *silicon);
      // All kinds are among every seventh.
      for (std::size_t i = 0; i < ranked.size(); i += 7) {
        const auto plan = PlanForVariant(canonical, *silicon, ranked[i].variant);
        ASSERT_TRUE(plan.ok()) << plan.status();
        const absl::Status status = CheckPlan(*plan);
        ASSERT_TRUE(status.ok()) << text << ": " << status << plan->DebugString();
        ++plans;
      }
    }
  }
  EXPECT_GT(plans, 1000);
}

}  // namespace
}  // namespace tilewright
