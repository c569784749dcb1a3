#include "kernel_templates/launch/gemm/gemm_launcher.h"

#include <utility>

#include "kernel_templates/launch/driver/loaded_kernel.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "kernel_templates/launch/gemm/tensor_map.h"
#include "kernel_templates/launch/plan/grid.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A C that is not read may be null or anything, of which no tensor map can be made: D stands for
// it.
const void* AddressOf(v1::Operand operand, const v1::GemmProblem& problem, const TensorUses& uses,
                      const GemmArguments& operands) {
  if (operand == v1::OPERAND_C && !ReadsSource(problem, operands)) operand = v1::OPERAND_D;
  for (const TensorUse& use : uses) {
    if (use.operand == operand) return PointerOf(GemmTensorOf(use), operands);
  }
  return nullptr;
}

}  // namespace

struct GemmLauncher::Impl {
  LoadedKernel kernel;
};

struct GemmLauncher::PreparedLaunch {
  GemmArgs args{};
  struct Zeroed {
    CUdeviceptr address;
    std::size_t words;
  };
  std::vector<Zeroed> zeroed;
  std::vector<PreparedStep> steps;
};

GemmLauncher::GemmLauncher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GemmLauncher::~GemmLauncher() = default;

absl::StatusOr<std::unique_ptr<GemmLauncher>> GemmLauncher::Create(const DriverApi& driver,
                                                                   const v1::Kernel& kernel) {
  ASSIGN_OR_RETURN(LoadedKernel loaded, LoadedKernel::Load(driver, kernel, kGemmArgsVersion));
  return std::unique_ptr<GemmLauncher>(
      new GemmLauncher(std::make_unique<Impl>(Impl{std::move(loaded)})));
}

int64_t GemmLauncher::WorkspaceBytes(const v1::GemmProblem& problem) const {
  return WorkspaceBytesFor(impl_->kernel.plan, ShapeOf(problem));
}

absl::StatusOr<std::shared_ptr<const GemmLauncher::PreparedLaunch>> GemmLauncher::Prepare(
    const v1::GemmProblem& problem, const GemmArguments& operands) const {
  const LoadedKernel& kernel = impl_->kernel;
  RETURN_IF_ERROR(CheckGemmShape(kernel.plan, problem));
  RETURN_IF_ERROR(CheckGemmOperands(kernel.plan, problem, operands));
  auto prepared = std::make_shared<PreparedLaunch>();
  const TensorUses uses = TensorsOf(problem);
  prepared->args = PackGemm(kernel.plan, problem, operands);
  for (const TensorUse& use : uses) {
    if (!use.zeroed) continue;
    const void* const output = PointerOf(GemmTensorOf(use), operands);
    prepared->zeroed.push_back({reinterpret_cast<CUdeviceptr>(output),
                                static_cast<std::size_t>(use.layout.SpanBytes()) / 4});
  }
  prepared->steps.resize(kernel.functions.size());
  for (std::size_t i = 0; i < prepared->steps.size(); ++i) {
    const v1::LaunchStep& plan = kernel.plan.steps(static_cast<int>(i));
    PreparedStep& step = prepared->steps[i];
    for (const v1::TensorMapSpec& spec : plan.tensor_maps()) {
      ASSIGN_OR_RETURN(CUtensorMap map,
                       EncodeTensorMap(*kernel.driver, spec, problem,
                                       AddressOf(spec.operand(), problem, uses, operands)));
      step.tensor_maps.push_back(map);
    }
    step.parameters.push_back(&prepared->args);
    if (!step.tensor_maps.empty()) step.parameters.push_back(step.tensor_maps.data());
    PrepareStep(plan, kernel.functions[i], GridFor(plan, ShapeOf(problem), kernel.sm_count), step);
  }
  return std::shared_ptr<const PreparedLaunch>(std::move(prepared));
}

absl::Status GemmLauncher::Launch(const PreparedLaunch& prepared, CUstream stream) const {
  const DriverApi& driver = *impl_->kernel.driver;
  for (const auto& [address, words] : prepared.zeroed) {
    RETURN_IF_ERROR(
        driver.Check(driver.cuMemsetD32Async(address, 0, words, stream), "cuMemsetD32Async"));
  }
  for (const PreparedStep& step : prepared.steps) {
    RETURN_IF_ERROR(EnqueueStep(driver, step, stream));
  }
  return absl::OkStatus();
}

absl::Status GemmLauncher::Launch(const v1::GemmProblem& problem, const GemmArguments& operands,
                                  CUstream stream) const {
  ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, operands));
  return Launch(*prepared, stream);
}

}  // namespace tilewright
