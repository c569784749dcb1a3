#include "kernel_templates/launch/kernel_launcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/cuda_handles.h"
#include "kernel_templates/launch/launch_checks.h"
#include "kernel_templates/launch/operand_checks.h"
#include "kernel_templates/launch/pack_arguments.h"
#include "kernel_templates/launch/tensor_map.h"
#include "kernel_templates/launch/workspace_layout.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// Above this, the portable cluster size, a function must opt in.
constexpr int kPortableClusterBlocks = 8;

int ClusterBlocks(const v1::LaunchStep& step) {
  return std::max(step.cluster_x(), 1) * std::max(step.cluster_y(), 1);
}

const void* AddressOf(v1::Operand operand, const GemmOperands& operands) {
  switch (operand) {
    case v1::OPERAND_A:
      return operands.a;
    case v1::OPERAND_B:
      return operands.b;
    case v1::OPERAND_C:
      return operands.c;
    case v1::OPERAND_D:
      return operands.d;
    case v1::OPERAND_AUX:
      return operands.aux;
    default:
      return nullptr;
  }
}

absl::StatusOr<int> DeviceAttribute(const DriverApi& driver, CUdevice_attribute attribute,
                                    CUdevice device) {
  int value = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuDeviceGetAttribute(&value, attribute, device),
                               "cuDeviceGetAttribute"));
  return value;
}

// A cubin may be for this GPU and still ask for more than it has: the driver says so
// here, once, rather than at every launch.
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
        driver.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED,
                                  1),
        "allowing a cluster of more than 8 blocks"));
  }
  return absl::OkStatus();
}

}  // namespace

struct KernelLauncher::Impl {
  const DriverApi* driver;
  CudaLibrary library;
  v1::LaunchPlan plan;
  std::vector<CUfunction> functions;  // One a step.
  int sm_count = 0;
};

// Everything cuLaunchKernelEx reads, at addresses that do not change.
struct KernelLauncher::PreparedLaunch {
  struct Step {
    CUfunction function = nullptr;
    CUlaunchConfig config{};
    CUlaunchAttribute attributes[2] = {};
    std::vector<CUtensorMap> tensor_maps;
    std::vector<void*> parameters;
  };

  GemmArgs args{};
  std::vector<Step> steps;
};

KernelLauncher::KernelLauncher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KernelLauncher::~KernelLauncher() = default;

absl::StatusOr<std::unique_ptr<KernelLauncher>> KernelLauncher::Create(const DriverApi& driver,
                                                                       const v1::Kernel& kernel) {
  RETURN_IF_ERROR(CheckPlan(kernel.launch_plan()));
  CUdevice device = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuCtxGetDevice(&device), "cuCtxGetDevice"));
  ASSIGN_OR_RETURN(const int major, DeviceAttribute(
      driver, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
  ASSIGN_OR_RETURN(const int minor, DeviceAttribute(
      driver, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device));
  RETURN_IF_ERROR(CheckArchitecture(kernel.architecture(), major * 10 + minor));
  ASSIGN_OR_RETURN(const int sm_count, DeviceAttribute(
      driver, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
  ASSIGN_OR_RETURN(CudaLibrary library, CudaLibrary::LoadCubin(driver, kernel.cubin()));
  auto impl = std::make_unique<Impl>(
      Impl{&driver, std::move(library), kernel.launch_plan(), {}, sm_count});
  for (const v1::LaunchStep& step : kernel.launch_plan().steps()) {
    ASSIGN_OR_RETURN(const CUfunction function,
                     impl->library.Function(step.entry_symbol().c_str()));
    RETURN_IF_ERROR(ConfigureFunction(driver, step, function));
    impl->functions.push_back(function);
  }
  return std::unique_ptr<KernelLauncher>(new KernelLauncher(std::move(impl)));
}

int64_t KernelLauncher::WorkspaceBytes(const v1::GemmProblem& problem) const {
  return WorkspaceBytesFor(impl_->plan, problem);
}

absl::StatusOr<std::shared_ptr<const KernelLauncher::PreparedLaunch>> KernelLauncher::Prepare(
    const v1::GemmProblem& problem, const GemmOperands& operands) const {
  RETURN_IF_ERROR(CheckShape(impl_->plan, problem));
  RETURN_IF_ERROR(CheckOperands(impl_->plan, problem, operands));
  auto prepared = std::make_shared<PreparedLaunch>();
  prepared->args = PackArguments(impl_->plan, problem, operands);
  prepared->steps.resize(impl_->functions.size());
  for (std::size_t i = 0; i < prepared->steps.size(); ++i) {
    const v1::LaunchStep& plan = impl_->plan.steps(static_cast<int>(i));
    PreparedLaunch::Step& step = prepared->steps[i];
    step.function = impl_->functions[i];
    for (const v1::TensorMapSpec& spec : plan.tensor_maps()) {
      ASSIGN_OR_RETURN(CUtensorMap map,
                       EncodeTensorMap(*impl_->driver, spec, problem,
                                       AddressOf(spec.operand(), operands)));
      step.tensor_maps.push_back(map);
    }
    step.parameters.push_back(&prepared->args);
    if (!step.tensor_maps.empty()) step.parameters.push_back(step.tensor_maps.data());
    const GridSize grid = GridFor(plan, problem, impl_->sm_count);
    step.config.gridDimX = grid.x;
    step.config.gridDimY = grid.y;
    step.config.gridDimZ = grid.z;
    step.config.blockDimX = static_cast<unsigned>(plan.block_threads());
    step.config.blockDimY = 1;
    step.config.blockDimZ = 1;
    step.config.sharedMemBytes = static_cast<unsigned>(plan.dynamic_shared_memory_bytes());
    if (ClusterBlocks(plan) > 1) {
      CUlaunchAttribute& attribute = step.attributes[step.config.numAttrs++];
      attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
      attribute.value.clusterDim = {static_cast<unsigned>(std::max(plan.cluster_x(), 1)),
                                    static_cast<unsigned>(std::max(plan.cluster_y(), 1)), 1};
    }
    if (plan.programmatic_launch()) {
      CUlaunchAttribute& attribute = step.attributes[step.config.numAttrs++];
      attribute.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
      attribute.value.programmaticStreamSerializationAllowed = 1;
    }
    step.config.attrs = step.attributes;
  }
  return std::shared_ptr<const PreparedLaunch>(std::move(prepared));
}

absl::Status KernelLauncher::Launch(const PreparedLaunch& prepared, CUstream stream) const {
  const DriverApi& driver = *impl_->driver;
  for (void* flag : {static_cast<void*>(prepared.args.amax),
                     static_cast<void*>(prepared.args.non_finite)}) {
    if (flag == nullptr) continue;
    RETURN_IF_ERROR(driver.Check(
        driver.cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(flag), 0, 1, stream),
        "cuMemsetD32Async"));
  }
  for (const PreparedLaunch::Step& step : prepared.steps) {
    CUlaunchConfig config = step.config;
    config.hStream = stream;
    RETURN_IF_ERROR(driver.Check(
        driver.cuLaunchKernelEx(&config, step.function,
                                const_cast<void**>(step.parameters.data()), nullptr),
        "cuLaunchKernelEx"));
  }
  return absl::OkStatus();
}

absl::Status KernelLauncher::Launch(const v1::GemmProblem& problem, const GemmOperands& operands,
                                    CUstream stream) const {
  ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, operands));
  return Launch(*prepared, stream);
}

}  // namespace tilewright
