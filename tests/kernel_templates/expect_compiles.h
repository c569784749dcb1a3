// Renders a variant, compiles it, and holds it to what abi/ promises: no spills, and no more
// registers and shared memory than the arithmetic says.
#ifndef TILEWRIGHT_TESTS_KERNEL_TEMPLATES_EXPECT_COMPILES_H_
#define TILEWRIGHT_TESTS_KERNEL_TEMPLATES_EXPECT_COMPILES_H_

#include <string>

#include "gtest/gtest.h"
#include "tests/kernel_templates/nvrtc_compile.h"
#include "tests/kernel_templates/resource_checks.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {

constexpr bool SplitsItsEpilogue(const GemmSimtConfig&) { return false; }
template <typename Config>
constexpr bool SplitsItsEpilogue(const Config& config) {
  return config.split_epilogue != 0;
}

template <typename Config>
void ExpectCompiles(const v1::Problem& problem, const Config& config,
                    const std::string& architecture) {
  const auto source = RenderSource(problem, MakeVariant(config));
  ASSERT_TRUE(source.ok()) << source.status();
  SCOPED_TRACE(architecture + "\n" + *source);
  const CompileReport report = CompileWithNvrtc(*source, architecture);
  ASSERT_TRUE(report.ok) << report.log;
  EXPECT_EQ(report.log.find("warning"), std::string::npos) << report.log;
  ExpectEntry(report, kGemmEntry, RegisterBound(problem.gemm(), config), 0);
  if (config.split_k > 1) ExpectEntry(report, kReduceEntry, ReduceRegisterBound(), 0);
  if (SplitsItsEpilogue(config)) {
    ExpectSplitEpilogue(report, problem.gemm().epilogue().has_dropout());
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_KERNEL_TEMPLATES_EXPECT_COMPILES_H_
