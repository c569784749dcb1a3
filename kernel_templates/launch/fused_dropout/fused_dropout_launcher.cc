#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"

#include <utility>
#include <vector>

#include "kernel_templates/launch/driver/loaded_kernel.h"
#include "kernel_templates/launch/plan/grid.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/support/status_macros.h"

namespace tilewright {

struct FusedDropoutLauncher::Impl {
  LoadedKernel kernel;
};

struct FusedDropoutLauncher::PreparedLaunch {
  FusedDropoutArgs args{};
  std::vector<PreparedStep> steps;
};

FusedDropoutLauncher::FusedDropoutLauncher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FusedDropoutLauncher::~FusedDropoutLauncher() = default;

absl::StatusOr<std::unique_ptr<FusedDropoutLauncher>> FusedDropoutLauncher::Create(
    const DriverApi& driver, const v1::Kernel& kernel) {
  ASSIGN_OR_RETURN(LoadedKernel loaded,
                   LoadedKernel::Load(driver, kernel, kFusedDropoutArgsVersion));
  return std::unique_ptr<FusedDropoutLauncher>(
      new FusedDropoutLauncher(std::make_unique<Impl>(Impl{std::move(loaded)})));
}

int64_t FusedDropoutLauncher::WorkspaceBytes(const v1::FusedDropoutProblem& problem) const {
  return WorkspaceBytesFor(impl_->kernel.plan, ShapeOf(problem));
}

absl::StatusOr<std::shared_ptr<const FusedDropoutLauncher::PreparedLaunch>>
FusedDropoutLauncher::Prepare(const v1::FusedDropoutProblem& problem,
                              const FusedDropoutArguments& operands) const {
  const LoadedKernel& kernel = impl_->kernel;
  RETURN_IF_ERROR(CheckFusedDropoutShape(kernel.plan, problem));
  RETURN_IF_ERROR(CheckFusedDropoutOperands(kernel.plan, problem, operands));
  auto prepared = std::make_shared<PreparedLaunch>();
  prepared->args = PackFusedDropout(kernel.plan, problem, operands);
  prepared->steps.resize(kernel.functions.size());
  for (std::size_t i = 0; i < prepared->steps.size(); ++i) {
    const v1::LaunchStep& plan = kernel.plan.steps(static_cast<int>(i));
    PreparedStep& step = prepared->steps[i];
    step.parameters.push_back(&prepared->args);
    PrepareStep(plan, kernel.functions[i], GridFor(plan, ShapeOf(problem), kernel.sm_count), step);
  }
  return std::shared_ptr<const PreparedLaunch>(std::move(prepared));
}

absl::Status FusedDropoutLauncher::Launch(const PreparedLaunch& prepared, CUstream stream) const {
  for (const PreparedStep& step : prepared.steps) {
    RETURN_IF_ERROR(EnqueueStep(*impl_->kernel.driver, step, stream));
  }
  return absl::OkStatus();
}

absl::Status FusedDropoutLauncher::Launch(const v1::FusedDropoutProblem& problem,
                                          const FusedDropoutArguments& operands,
                                          CUstream stream) const {
  ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, operands));
  return Launch(*prepared, stream);
}

}  // namespace tilewright
