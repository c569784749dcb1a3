// What a compiled variant may use, by the arithmetic of abi/ and of the search spaces.
#ifndef TILEWRIGHT_TESTS_KERNEL_TEMPLATES_RESOURCE_CHECKS_H_
#define TILEWRIGHT_TESTS_KERNEL_TEMPLATES_RESOURCE_CHECKS_H_

#include <string_view>

#include "kernel_templates/abi/gemm_simt_config.h"
#include "kernel_templates/abi/gemm_sm80_config.h"
#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tests/kernel_templates/nvrtc_compile.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Registers a thread of the variant may have: the space's own estimate with a stated slack,
// and no more than the launch bounds admit. The launch bounds alone would be no check: no
// code that ptxas makes exceeds them.
int RegisterBound(const v1::GemmProblem& gemm, const GemmSm80Config& config);
int RegisterBound(const v1::GemmProblem& gemm, const GemmSimtConfig& config);
// setmaxnreg moves registers between warpgroups; ptxas reports those of the launch.
int RegisterBound(const v1::GemmProblem& gemm, const GemmSm90Config& config);

// What the launch bounds of the reduction leave.
int ReduceRegisterBound();

// `problem` with every part of the epilogue that a launch can have at once. Its D is a
// floating-point one.
v1::Problem WithFullEpilogue(v1::Problem problem, v1::Activation activation);

// `symbol` is there and keeps the bounds. All shared memory of the GEMMs is dynamic.
void ExpectEntry(const CompileReport& report, std::string_view symbol, int register_bound,
                 int spill_bound, int static_shared_bytes = 0);

// The second launch of a split epilogue is there, keeps its launch bounds, does not spill, and has
// the bits of its mask in shared memory, one for each element of its tile, where there is one.
void ExpectSplitEpilogue(const CompileReport& report, bool drops);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_KERNEL_TEMPLATES_RESOURCE_CHECKS_H_
