#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_

#include <cuda.h>

#include <vector>

#include "absl/status/status.h"
#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/driver/kernel_launcher.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/status_macros.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The Traits of a GEMM for KernelLauncher.
struct GemmLaunch {
  using Problem = v1::GemmProblem;
  using Operands = GemmArguments;
  using Args = GemmArgs;
  static constexpr int kArgumentsVersion = kGemmArgsVersion;
  static constexpr const auto& kOperands = kGemmOperands;

  static ProblemShape ShapeOf(const Problem& problem) { return tilewright::ShapeOf(problem); }
  static TensorUses TensorsOf(const Problem& problem) { return tilewright::TensorsOf(problem); }
  static absl::Status Check(const v1::LaunchPlan& plan, const Problem& problem,
                            const TensorUses& uses, const Operands& operands) {
    RETURN_IF_ERROR(CheckGemmShape(plan, problem, uses));
    return CheckGemmOperands(plan, problem, uses, operands);
  }
  static Args Pack(const v1::LaunchPlan& plan, const Problem& problem, const TensorUses& uses,
                   const Operands& operands) {
    return PackGemm(plan, problem, uses, operands);
  }
  static absl::Status AddTensorMaps(const DriverApi& driver, const v1::LaunchStep& step,
                                    const Problem& problem, const TensorUses& uses,
                                    const Operands& operands, std::vector<CUtensorMap>& maps);
};

using GemmLauncher = KernelLauncher<GemmLaunch>;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_
