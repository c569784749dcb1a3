#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_LOADED_KERNEL_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_LOADED_KERNEL_H_

#include <cuda.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/plan/grid.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// A kernel's native code in the current context, for the launchers of all kinds. Immutable once
// made. It must be destroyed before the context.
struct LoadedKernel {
  // Loads `kernel.cubin()` (cuLibraryLoadData) and resolves every step's entry.
  // FAILED_PRECONDITION: the version of the arguments is not `arguments_version`, or the
  // architecture does not fit. INVALID_ARGUMENT: the plan is malformed.
  static absl::StatusOr<LoadedKernel> Load(const DriverApi& driver, const v1::Kernel& kernel,
                                           int arguments_version);

  const DriverApi* driver;
  CudaLibrary library;
  v1::LaunchPlan plan;
  std::vector<CUfunction> functions;  // One for each step.
  int sm_count = 0;
};

// All that cuLaunchKernelEx reads for one step. Its addresses must not change, so a step must stay
// where it was prepared.
struct PreparedStep {
  CUfunction function = nullptr;
  CUlaunchConfig config{};
  CUlaunchAttribute attributes[2] = {};
  std::vector<CUtensorMap> tensor_maps;
  std::vector<void*> parameters;
};

// Fills `prepared`, except for its tensor maps and parameters.
void PrepareStep(const v1::LaunchStep& step, CUfunction function, GridSize grid,
                 PreparedStep& prepared);

absl::Status EnqueueStep(const DriverApi& driver, const PreparedStep& step, CUstream stream);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_LOADED_KERNEL_H_
