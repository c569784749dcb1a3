#include "tests/kernel_templates/resource_checks.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "kernel_templates/abi/split_epilogue_config.h"
#include "kernel_templates/abi/split_k_config.h"
#include "tuner/template/gemm_sm80/copy_registers.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

constexpr int kMaxRegisters = 255;
constexpr int kRegistersPerSm = 65536;

// The estimate leaves out what an epilogue holds beside a row of accumulators: pointers to
// C, bias and aux, and the running maximum. Of the variants sampled over types, layouts,
// access widths and epilogues none is more than 17 above it, and ptxas counts in steps of 8.
constexpr int kRegisterSlack = 24;
constexpr int kDeepSimtStage = 32;

// ptxas gives a thread what the launch bounds leave room for, in steps of 8.
int LaunchBound(int threads, int blocks) {
  return std::min(kRegistersPerSm / (threads * blocks) / 8 * 8, kMaxRegisters);
}

}  // namespace

int RegisterBound(const v1::GemmProblem& gemm, const GemmSm80Config& config) {
  const int estimate = RegisterEstimate(config) + ExtraCopyRegisters(gemm, config);
  return std::min(estimate + kRegisterSlack, LaunchBound(Threads(config), MinBlocksPerSm(config)));
}

// Stages 32 deep are unrolled whole, and ptxas loads ahead in them for as long as the launch
// bounds leave registers (up to 47 beyond the estimate): there they are the only bound.
int RegisterBound(const v1::GemmProblem&, const GemmSimtConfig& config) {
  const int launch_bound = LaunchBound(Threads(config), MinBlocksPerSm(config));
  if (config.tile_k >= kDeepSimtStage) return launch_bound;
  return std::min(RegisterEstimate(config) + kRegisterSlack, launch_bound);
}

int RegisterBound(const v1::GemmProblem&, const GemmSm90Config& config) {
  return LaunchBound(Threads(config), 1);
}

int ReduceRegisterBound() { return LaunchBound(kReduceThreads, 1); }

v1::Problem WithFullEpilogue(v1::Problem problem, v1::Activation activation) {
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_ldc(gemm.ldd());
  gemm.set_ld_aux(gemm.ldd());
  v1::Epilogue& epilogue = *gemm.mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(gemm.d_type());
  epilogue.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  epilogue.set_source_type(gemm.d_type());
  epilogue.set_activation(activation);
  epilogue.set_aux_type(gemm.d_type());
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  return problem;
}

void ExpectEntry(const CompileReport& report, std::string_view symbol, int register_bound,
                 int spill_bound, int static_shared_bytes) {
  const auto found = report.entries.find(std::string(symbol));
  ASSERT_NE(found, report.entries.end()) << symbol << " is missing\n" << report.log;
  EXPECT_LE(found->second.registers, register_bound) << report.log;
  EXPECT_LE(found->second.spill_bytes, spill_bound) << report.log;
  EXPECT_LE(found->second.stack_bytes, spill_bound) << report.log;
  EXPECT_EQ(found->second.static_shared_bytes, static_shared_bytes);
}

void ExpectSplitEpilogue(const CompileReport& report, bool drops) {
  ExpectEntry(report, kSplitEpilogueEntry, LaunchBound(kSplitEpilogueThreads, 2), 0,
              drops ? kSplitEpilogueTileM * kSplitEpilogueTileN / 8 : 0);
}

}  // namespace tilewright
