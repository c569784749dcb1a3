#ifndef TILEWRIGHT_TESTS_KERNEL_TEMPLATES_LAUNCH_LAUNCH_FIXTURE_H_
#define TILEWRIGHT_TESTS_KERNEL_TEMPLATES_LAUNCH_LAUNCH_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/support/errors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A plan of one step, a problem that fits it, and operands that fit both.
inline v1::LaunchPlan Plan() {
  v1::LaunchPlan plan;
  plan.set_arguments_version(kGemmArgsVersion);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("tilewright_gemm");
  step.set_block_threads(128);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(64);
  step.set_tile_n(64);
  step.set_split_k(1);
  v1::Requirements& needs = *plan.mutable_requirements();
  needs.set_a_alignment(16);
  needs.set_b_alignment(16);
  needs.set_d_alignment(4);
  needs.set_k_divisor(8);
  return plan;
}

inline v1::GemmProblem Problem() {
  v1::GemmProblem problem;
  problem.set_m(64);
  problem.set_n(64);
  problem.set_k(64);
  problem.set_batch(1);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_BF16);
  problem.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  problem.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  return problem;
}

inline void* Address(uintptr_t value) { return reinterpret_cast<void*>(value); }

inline GemmArguments Operands() {
  GemmArguments operands;
  operands.a = Address(0x10000);
  operands.b = Address(0x20000);
  operands.d = Address(0x30000);
  return operands;
}

inline absl::Status CheckShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem) {
  return CheckGemmShape(plan, problem, TensorsOf(problem));
}

inline absl::Status CheckOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                                  const GemmArguments& operands) {
  return CheckGemmOperands(plan, problem, TensorsOf(problem), operands);
}

inline GemmArgs Pack(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                     const GemmArguments& operands) {
  return PackGemm(plan, problem, TensorsOf(problem), operands);
}

inline std::string FieldOf(const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  if (!info || info->metadata().count("field") == 0) return "";
  return info->metadata().at("field");
}

inline void ExpectBlames(const absl::Status& status, const std::string& field,
                         const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_KERNEL_TEMPLATES_LAUNCH_LAUNCH_FIXTURE_H_
