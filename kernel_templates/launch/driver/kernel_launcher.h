#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_KERNEL_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_KERNEL_LAUNCHER_H_

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/driver/loaded_kernel.h"
#include "kernel_templates/launch/plan/grid.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/tensor_use.h"
#include "proto/support/status_macros.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// A kernel that is loaded into the current CUDA context and ready to launch. Thread-safe once made.
// It must be destroyed before the context. The bench worker and the client share this class, so
// what is measured is what users launch.
//
// `Traits` has what a family knows about a launch, as static members:
//   Problem, Operands, Args   its problem, what callers pass, what kernels take
//   kArgumentsVersion         the version of Args
//   kOperands                 its OperandTable
//   ShapeOf(problem), TensorsOf(problem)
// and with uses = TensorsOf(problem):
//   Check(plan, problem, uses, operands)   checks shape and operands against the plan
//   Pack(plan, problem, uses, operands)    makes Args
//   AddTensorMaps(driver, step, problem, uses, operands, maps)
template <typename Traits>
class KernelLauncher {
 public:
  using Problem = typename Traits::Problem;
  using Operands = typename Traits::Operands;

  // Loads `kernel.cubin()` (cuLibraryLoadData) and resolves every step's entry.
  // FAILED_PRECONDITION: the version of the arguments or the architecture does not fit.
  // INVALID_ARGUMENT: the plan is malformed.
  static absl::StatusOr<std::unique_ptr<KernelLauncher>> Create(const DriverApi& driver,
                                                                const v1::Kernel& kernel) {
    ASSIGN_OR_RETURN(LoadedKernel loaded,
                     LoadedKernel::Load(driver, kernel, Traits::kArgumentsVersion));
    return std::unique_ptr<KernelLauncher>(new KernelLauncher(std::move(loaded)));
  }

  // Returns the bytes of workspace for `problem`. REQUIRES: a canonical problem, here and below.
  int64_t WorkspaceBytes(const Problem& problem) const {
    return WorkspaceBytesFor(kernel_.plan, Traits::ShapeOf(problem));
  }

  // Checks the operands against the requirements (INVALID_ARGUMENT names the operand), packs the
  // arguments and launches every step on `stream`. If the requirements hold, `problem` may have
  // another shape than the kernel was tuned for.
  absl::Status Launch(const Problem& problem, const Operands& operands, CUstream stream) const {
    ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, operands));
    return Launch(*prepared, stream);
  }

  // Splits the same work in two for repeated launches: check and pack once, then launch without
  // checks and without allocation.
  struct Prepared {
    typename Traits::Args args{};
    struct Zeroed {
      CUdeviceptr address;
      std::size_t words;
    };
    std::vector<Zeroed> zeroed;  // Outputs that are cleared before the steps run.
    std::vector<PreparedStep> steps;
  };
  absl::StatusOr<std::shared_ptr<const Prepared>> Prepare(const Problem& problem,
                                                          const Operands& operands) const {
    const TensorUses uses = Traits::TensorsOf(problem);
    RETURN_IF_ERROR(Traits::Check(kernel_.plan, problem, uses, operands));
    auto prepared = std::make_shared<Prepared>();
    prepared->args = Traits::Pack(kernel_.plan, problem, uses, operands);
    for (const TensorUse& use : uses) {
      if (!use.zeroed) continue;
      prepared->zeroed.push_back(
          {reinterpret_cast<CUdeviceptr>(Traits::kOperands.Get(use, operands)),
           static_cast<std::size_t>(use.layout.SpanBytes()) / sizeof(uint32_t)});
    }
    prepared->steps.resize(kernel_.functions.size());
    for (std::size_t i = 0; i < prepared->steps.size(); ++i) {
      const v1::LaunchStep& plan = kernel_.plan.steps(static_cast<int>(i));
      PreparedStep& step = prepared->steps[i];
      RETURN_IF_ERROR(
          Traits::AddTensorMaps(*kernel_.driver, plan, problem, uses, operands, step.tensor_maps));
      step.parameters.push_back(&prepared->args);
      if (!step.tensor_maps.empty()) step.parameters.push_back(step.tensor_maps.data());
      PrepareStep(plan, kernel_.functions[i],
                  GridFor(plan, Traits::ShapeOf(problem), kernel_.sm_count), step);
    }
    return std::shared_ptr<const Prepared>(std::move(prepared));
  }
  absl::Status Launch(const Prepared& prepared, CUstream stream) const {
    const DriverApi& driver = *kernel_.driver;
    for (const auto& [address, words] : prepared.zeroed) {
      RETURN_IF_ERROR(
          driver.Check(driver.cuMemsetD32Async(address, 0, words, stream), "cuMemsetD32Async"));
    }
    for (const PreparedStep& step : prepared.steps) {
      RETURN_IF_ERROR(EnqueueStep(driver, step, stream));
    }
    return absl::OkStatus();
  }

 private:
  explicit KernelLauncher(LoadedKernel kernel) : kernel_(std::move(kernel)) {}

  const LoadedKernel kernel_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_KERNEL_LAUNCHER_H_
