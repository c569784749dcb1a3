#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_

#include <cuda.h>

#include <vector>

#include "absl/status/status.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/driver/kernel_launcher.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/support/status_macros.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The Traits of a fused dropout for KernelLauncher. It clears no outputs and uses no TMA.
struct FusedDropoutLaunch {
  using Problem = v1::FusedDropoutProblem;
  using Operands = FusedDropoutArguments;
  using Args = FusedDropoutArgs;
  static constexpr int kArgumentsVersion = kFusedDropoutArgsVersion;
  static constexpr const auto& kOperands = kFusedDropoutOperands;

  static ProblemShape ShapeOf(const Problem& problem) { return tilewright::ShapeOf(problem); }
  static TensorUses TensorsOf(const Problem& problem) { return tilewright::TensorsOf(problem); }
  static absl::Status Check(const v1::LaunchPlan& plan, const Problem& problem,
                            const TensorUses& uses, const Operands& operands) {
    RETURN_IF_ERROR(CheckFusedDropoutShape(plan, problem, uses));
    return CheckFusedDropoutOperands(plan, problem, uses, operands);
  }
  static Args Pack(const v1::LaunchPlan& plan, const Problem& problem, const TensorUses& uses,
                   const Operands& operands) {
    return PackFusedDropout(plan, problem, uses, operands);
  }
  static absl::Status AddTensorMaps(const DriverApi&, const v1::LaunchStep&, const Problem&,
                                    const TensorUses&, const Operands&, std::vector<CUtensorMap>&) {
    return absl::OkStatus();
  }
};

using FusedDropoutLauncher = KernelLauncher<FusedDropoutLaunch>;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_
