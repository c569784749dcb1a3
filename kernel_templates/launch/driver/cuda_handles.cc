#include "kernel_templates/launch/driver/cuda_handles.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {

absl::StatusOr<CudaContext> CudaContext::Retain(const DriverApi& driver, int ordinal) {
  CUdevice device = 0;
  CUcontext context = nullptr;
  RETURN_IF_ERROR(driver.Check(driver.cuDeviceGet(&device, ordinal), "cuDeviceGet"));
  RETURN_IF_ERROR(
      driver.Check(driver.cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain"));
  CudaContext owner(driver, device, context);
  RETURN_IF_ERROR(driver.Check(driver.cuCtxSetCurrent(context), "cuCtxSetCurrent"));
  return owner;
}

CudaContext::~CudaContext() {
  if (context_ != nullptr) driver_->cuDevicePrimaryCtxRelease(device_);
}

absl::StatusOr<CudaStream> CudaStream::Create(const DriverApi& driver) {
  CUstream stream = nullptr;
  RETURN_IF_ERROR(
      driver.Check(driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate"));
  return CudaStream(driver, stream);
}

CudaStream::~CudaStream() {
  if (stream_ != nullptr) driver_->cuStreamDestroy(stream_);
}

absl::StatusOr<CudaEvent> CudaEvent::Create(const DriverApi& driver) {
  CUevent event = nullptr;
  RETURN_IF_ERROR(driver.Check(driver.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate"));
  return CudaEvent(driver, event);
}

CudaEvent::~CudaEvent() {
  if (event_ != nullptr) driver_->cuEventDestroy(event_);
}

absl::StatusOr<DeviceMemory> DeviceMemory::Allocate(const DriverApi& driver, int64_t bytes) {
  DeviceMemory memory;
  if (bytes == 0) return memory;
  RETURN_IF_ERROR(driver.Check(driver.cuMemAlloc(&memory.address_, bytes),
                               absl::StrCat("cuMemAlloc of ", bytes, " bytes").c_str()));
  memory.driver_ = &driver;
  memory.bytes_ = bytes;
  return memory;
}

DeviceMemory::~DeviceMemory() {
  if (address_ != 0) driver_->cuMemFree(address_);
}

absl::StatusOr<CudaLibrary> CudaLibrary::LoadCubin(const DriverApi& driver,
                                                   const std::string& cubin) {
  CUlibrary library = nullptr;
  RETURN_IF_ERROR(driver.Check(
      driver.cuLibraryLoadData(&library, cubin.data(), nullptr, nullptr, 0, nullptr, nullptr, 0),
      "cuLibraryLoadData"));
  return CudaLibrary(driver, library);
}

CudaLibrary::~CudaLibrary() {
  if (library_ != nullptr) driver_->cuLibraryUnload(library_);
}

absl::StatusOr<CUfunction> CudaLibrary::Function(const char* symbol) const {
  CUkernel kernel = nullptr;
  CUfunction function = nullptr;
  const CUresult found = driver_->cuLibraryGetKernel(&kernel, library_, symbol);
  if (found == CUDA_ERROR_NOT_FOUND) {
    return MakeError(absl::StatusCode::kNotFound, "ENTRY_NOT_FOUND",
                     absl::StrCat("the cubin has no entry ", symbol));
  }
  RETURN_IF_ERROR(driver_->Check(found, "cuLibraryGetKernel"));
  RETURN_IF_ERROR(
      driver_->Check(driver_->cuKernelGetFunction(&function, kernel), "cuKernelGetFunction"));
  return function;
}

}  // namespace tilewright
