#include "kernel_templates/launch/kernel_launcher.h"

#include <utility>

#include "kernel_templates/launch/launch_checks.h"
#include "kernel_templates/launch/loaded_kernel.h"
#include "kernel_templates/launch/operand_checks.h"
#include "kernel_templates/launch/pack_arguments.h"
#include "kernel_templates/launch/tensor_map.h"
#include "kernel_templates/launch/workspace_layout.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A C that is not read may be null or anything, of which no tensor map can be made: D stands for
// it.
const void* AddressOf(v1::Operand operand, const v1::GemmProblem& problem,
                      const GemmOperands& operands) {
  switch (operand) {
    case v1::OPERAND_A:
      return operands.a;
    case v1::OPERAND_B:
      return operands.b;
    case v1::OPERAND_C:
      return ReadsSource(problem, operands) ? operands.c : operands.d;
    case v1::OPERAND_D:
      return operands.d;
    case v1::OPERAND_AUX:
      return operands.aux;
    default:
      return nullptr;
  }
}

}  // namespace

struct KernelLauncher::Impl {
  LoadedKernel kernel;
};

struct KernelLauncher::PreparedLaunch {
  GemmArgs args{};
  std::vector<PreparedStep> steps;
};

KernelLauncher::KernelLauncher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KernelLauncher::~KernelLauncher() = default;

absl::StatusOr<std::unique_ptr<KernelLauncher>> KernelLauncher::Create(const DriverApi& driver,
                                                                       const v1::Kernel& kernel) {
  ASSIGN_OR_RETURN(LoadedKernel loaded, LoadedKernel::Load(driver, kernel, kGemmArgsVersion));
  return std::unique_ptr<KernelLauncher>(
      new KernelLauncher(std::make_unique<Impl>(Impl{std::move(loaded)})));
}

int64_t KernelLauncher::WorkspaceBytes(const v1::GemmProblem& problem) const {
  return WorkspaceBytesFor(impl_->kernel.plan, problem);
}

absl::StatusOr<std::shared_ptr<const KernelLauncher::PreparedLaunch>> KernelLauncher::Prepare(
    const v1::GemmProblem& problem, const GemmOperands& operands) const {
  const LoadedKernel& kernel = impl_->kernel;
  RETURN_IF_ERROR(CheckShape(kernel.plan, problem));
  RETURN_IF_ERROR(CheckOperands(kernel.plan, problem, operands));
  auto prepared = std::make_shared<PreparedLaunch>();
  prepared->args = PackArguments(kernel.plan, problem, operands);
  prepared->steps.resize(kernel.functions.size());
  for (std::size_t i = 0; i < prepared->steps.size(); ++i) {
    const v1::LaunchStep& plan = kernel.plan.steps(static_cast<int>(i));
    PreparedStep& step = prepared->steps[i];
    for (const v1::TensorMapSpec& spec : plan.tensor_maps()) {
      ASSIGN_OR_RETURN(CUtensorMap map,
                       EncodeTensorMap(*kernel.driver, spec, problem,
                                       AddressOf(spec.operand(), problem, operands)));
      step.tensor_maps.push_back(map);
    }
    step.parameters.push_back(&prepared->args);
    if (!step.tensor_maps.empty()) step.parameters.push_back(step.tensor_maps.data());
    PrepareStep(plan, kernel.functions[i], GridFor(plan, problem, kernel.sm_count), step);
  }
  return std::shared_ptr<const PreparedLaunch>(std::move(prepared));
}

absl::Status KernelLauncher::Launch(const PreparedLaunch& prepared, CUstream stream) const {
  const DriverApi& driver = *impl_->kernel.driver;
  for (void* flag :
       {static_cast<void*>(prepared.args.amax), static_cast<void*>(prepared.args.non_finite)}) {
    if (flag == nullptr) continue;
    RETURN_IF_ERROR(
        driver.Check(driver.cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(flag), 0, 1, stream),
                     "cuMemsetD32Async"));
  }
  for (const PreparedStep& step : prepared.steps) {
    RETURN_IF_ERROR(EnqueueStep(driver, step, stream));
  }
  return absl::OkStatus();
}

absl::Status KernelLauncher::Launch(const v1::GemmProblem& problem, const GemmOperands& operands,
                                    CUstream stream) const {
  ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, operands));
  return Launch(*prepared, stream);
}

}  // namespace tilewright
