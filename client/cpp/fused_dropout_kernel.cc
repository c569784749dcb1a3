// The functions of Kernel for a fused dropout.
#include "client/cpp/loaded_module.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/status_macros.h"
#include "tilewright/kernel.h"

namespace tilewright {

absl::StatusOr<int64_t> Kernel::WorkspaceBytes(const v1::FusedDropoutProblem& problem) const {
  ASSIGN_OR_RETURN(const v1::Problem canonical, OtherShape(Whole(problem)));
  RETURN_IF_ERROR(CheckFusedDropoutShape(launch_plan(), canonical.fused_dropout(),
                                         TensorsOf(canonical.fused_dropout())));
  return WorkspaceBytesFor(launch_plan(), ShapeOf(canonical.fused_dropout()));
}

absl::Status Kernel::Launch(const FusedDropoutArguments& arguments, CUstream_st* stream) const {
  RETURN_IF_ERROR(CheckFamily(v1::Problem::kFusedDropout));
  return LaunchCanonical(fused_dropout(), arguments, stream);
}

absl::Status Kernel::Launch(const v1::FusedDropoutProblem& problem,
                            const FusedDropoutArguments& arguments, CUstream_st* stream) const {
  ASSIGN_OR_RETURN(const v1::Problem canonical, OtherShape(Whole(problem)));
  return LaunchCanonical(canonical.fused_dropout(), arguments, stream);
}

absl::Status Kernel::LaunchCanonical(const v1::FusedDropoutProblem& problem,
                                     const FusedDropoutArguments& arguments,
                                     CUstream_st* stream) const {
  ASSIGN_OR_RETURN(const FusedDropoutLauncher* launcher,
                   module_->ForCurrentContext<FusedDropoutLauncher>());
  return launcher->Launch(problem, arguments, stream);
}

}  // namespace tilewright
