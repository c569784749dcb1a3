#include "kernel_templates/launch/driver/loaded_kernel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/check_plan.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// The portable cluster size. For more blocks, a function must opt in.
constexpr int kPortableClusterBlocks = 8;

int ClusterBlocks(const v1::LaunchStep& step) {
  return std::max(step.cluster_x(), 1) * std::max(step.cluster_y(), 1);
}

absl::StatusOr<int> DeviceAttribute(const DriverApi& driver, CUdevice_attribute attribute,
                                    CUdevice device) {
  int value = 0;
  RETURN_IF_ERROR(
      driver.Check(driver.cuDeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute"));
  return value;
}

// A cubin for this GPU may still need more than the GPU has. The driver says so here, once, and not
// at every launch.
absl::Status ConfigureFunction(const DriverApi& driver, const v1::LaunchStep& step,
                               CUfunction function) {
  if (step.dynamic_shared_memory_bytes() > 0) {
    RETURN_IF_ERROR(driver.Check(
        driver.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                  step.dynamic_shared_memory_bytes()),
        absl::StrCat("reserving ", step.dynamic_shared_memory_bytes(),
                     " bytes of dynamic shared memory")
            .c_str()));
  }
  if (ClusterBlocks(step) > kPortableClusterBlocks) {
    RETURN_IF_ERROR(driver.Check(
        driver.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1),
        "allowing a cluster of more than 8 blocks"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedKernel> LoadedKernel::Load(const DriverApi& driver, const v1::Kernel& kernel,
                                                int arguments_version) {
  RETURN_IF_ERROR(CheckArgumentsVersion(kernel.launch_plan(), arguments_version));
  RETURN_IF_ERROR(CheckPlan(kernel.launch_plan()));
  CUdevice device = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuCtxGetDevice(&device), "cuCtxGetDevice"));
  ASSIGN_OR_RETURN(const int major,
                   DeviceAttribute(driver, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
  ASSIGN_OR_RETURN(const int minor,
                   DeviceAttribute(driver, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device));
  RETURN_IF_ERROR(CheckArchitecture(kernel.architecture(), major * 10 + minor));
  ASSIGN_OR_RETURN(const int sm_count,
                   DeviceAttribute(driver, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
  ASSIGN_OR_RETURN(CudaLibrary library, CudaLibrary::LoadCubin(driver, kernel.cubin()));
  LoadedKernel loaded{&driver, std::move(library), kernel.launch_plan(), {}, sm_count};
  for (const v1::LaunchStep& step : kernel.launch_plan().steps()) {
    ASSIGN_OR_RETURN(const CUfunction function,
                     loaded.library.Function(step.entry_symbol().c_str()));
    RETURN_IF_ERROR(ConfigureFunction(driver, step, function));
    loaded.functions.push_back(function);
  }
  return loaded;
}

void PrepareStep(const v1::LaunchStep& step, CUfunction function, GridSize grid,
                 PreparedStep& prepared) {
  prepared.function = function;
  CUlaunchConfig& config = prepared.config;
  config.gridDimX = grid.x;
  config.gridDimY = grid.y;
  config.gridDimZ = grid.z;
  config.blockDimX = static_cast<unsigned>(step.block_threads());
  config.blockDimY = 1;
  config.blockDimZ = 1;
  config.sharedMemBytes = static_cast<unsigned>(step.dynamic_shared_memory_bytes());
  if (ClusterBlocks(step) > 1) {
    CUlaunchAttribute& attribute = prepared.attributes[config.numAttrs++];
    attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    attribute.value.clusterDim = {static_cast<unsigned>(std::max(step.cluster_x(), 1)),
                                  static_cast<unsigned>(std::max(step.cluster_y(), 1)), 1};
  }
  if (step.programmatic_launch()) {
    CUlaunchAttribute& attribute = prepared.attributes[config.numAttrs++];
    attribute.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    attribute.value.programmaticStreamSerializationAllowed = 1;
  }
  config.attrs = prepared.attributes;
}

absl::Status EnqueueStep(const DriverApi& driver, const PreparedStep& step, CUstream stream) {
  CUlaunchConfig config = step.config;
  config.hStream = stream;
  return driver.Check(driver.cuLaunchKernelEx(&config, step.function,
                                              const_cast<void**>(step.parameters.data()), nullptr),
                      "cuLaunchKernelEx");
}

}  // namespace tilewright
