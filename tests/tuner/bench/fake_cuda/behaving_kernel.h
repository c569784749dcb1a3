#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_BEHAVING_KERNEL_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_BEHAVING_KERNEL_H_

#include <string>

#include "kernel_templates/abi/kernel_args.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// A kernel whose "cubin" tells the fake driver how it behaves, as FindFakeKernel has it.
inline v1::Kernel BehavingKernel(const std::string& behaviour) {
  v1::Kernel kernel;
  kernel.set_cubin(behaviour);
  kernel.set_architecture("sm_90a");
  v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
  plan.set_arguments_version(kGemmArgsVersion);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("tilewright_gemm");
  step.set_block_threads(128);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(16);
  step.set_tile_n(16);
  step.set_split_k(1);
  return kernel;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_BEHAVING_KERNEL_H_
