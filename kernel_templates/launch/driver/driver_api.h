#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DRIVER_API_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DRIVER_API_H_

#include <cuda.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// X(name) for every driver function that we call. The table below has one pointer for each name.
// The formatter changes every layout of this list.
// clang-format off
#define TILEWRIGHT_DRIVER_FUNCTIONS(X) \
  X(cuInit) X(cuDriverGetVersion) X(cuGetErrorName) X(cuGetErrorString) \
  X(cuDeviceGetCount) X(cuDeviceGet) X(cuDeviceGetName) X(cuDeviceGetUuid) \
  X(cuDeviceGetAttribute) X(cuDeviceTotalMem) X(cuDevicePrimaryCtxRetain) \
  X(cuDevicePrimaryCtxRelease) X(cuCtxSetCurrent) X(cuCtxGetCurrent) X(cuCtxGetDevice) \
  X(cuCtxSynchronize) X(cuLibraryLoadData) X(cuLibraryUnload) X(cuLibraryGetKernel) \
  X(cuKernelGetFunction) X(cuFuncSetAttribute) X(cuFuncGetAttribute) X(cuLaunchKernelEx) \
  X(cuMemAlloc) X(cuMemFree) X(cuMemGetInfo) X(cuMemcpyHtoDAsync) X(cuMemcpyDtoHAsync) \
  X(cuMemcpyDtoDAsync) X(cuMemsetD8Async) X(cuMemsetD2D8Async) X(cuMemsetD32Async) \
  X(cuStreamCreate) X(cuStreamDestroy) X(cuStreamSynchronize) X(cuStreamQuery) \
  X(cuEventCreate) X(cuEventDestroy) X(cuEventRecord) X(cuEventSynchronize) \
  X(cuEventElapsedTime) X(cuTensorMapEncodeTiled) \
  X(cuOccupancyMaxActiveBlocksPerMultiprocessor)
// clang-format on

// libcuda.so.1, opened at run time. One table for each process; immutable once loaded.
struct DriverApi {
#define TILEWRIGHT_DECLARE(name) decltype(&::name) name = nullptr;
  TILEWRIGHT_DRIVER_FUNCTIONS(TILEWRIGHT_DECLARE)
#undef TILEWRIGHT_DECLARE

  // Returns the loaded table, after cuInit. UNAVAILABLE, reason NO_CUDA_DRIVER: there is no driver
  // or no device. Loads it once; later calls return the same answer.
  static absl::StatusOr<const DriverApi*> Load();

  // Returns OK for CUDA_SUCCESS, RESOURCE_EXHAUSTED for CUDA_ERROR_OUT_OF_MEMORY, else INTERNAL,
  // with the driver's name and text for `result`. `what`: the call that failed.
  absl::Status Check(CUresult result, const char* what) const;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DRIVER_API_H_
