// The functions of Kernel for a GEMM.
#include "client/cpp/loaded_module.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/status_macros.h"
#include "tilewright/kernel.h"

namespace tilewright {

absl::StatusOr<int64_t> Kernel::WorkspaceBytes(const v1::GemmProblem& problem) const {
  ASSIGN_OR_RETURN(const v1::Problem canonical, OtherShape(Whole(problem)));
  RETURN_IF_ERROR(CheckGemmShape(launch_plan(), canonical.gemm(), TensorsOf(canonical.gemm())));
  return WorkspaceBytesFor(launch_plan(), ShapeOf(canonical.gemm()));
}

absl::Status Kernel::Launch(const GemmArguments& arguments, CUstream_st* stream) const {
  RETURN_IF_ERROR(CheckFamily(v1::Problem::kGemm));
  return LaunchCanonical(problem(), arguments, stream);
}

absl::Status Kernel::Launch(const v1::GemmProblem& problem, const GemmArguments& arguments,
                            CUstream_st* stream) const {
  ASSIGN_OR_RETURN(const v1::Problem canonical, OtherShape(Whole(problem)));
  return LaunchCanonical(canonical.gemm(), arguments, stream);
}

absl::Status Kernel::LaunchCanonical(const v1::GemmProblem& problem, const GemmArguments& arguments,
                                     CUstream_st* stream) const {
  if (is_vendor()) return vendors_->Launch(problem, vendor(), arguments, stream);
  ASSIGN_OR_RETURN(const GemmLauncher* launcher, module_->ForCurrentContext<GemmLauncher>());
  return launcher->Launch(problem, arguments, stream);
}

}  // namespace tilewright
