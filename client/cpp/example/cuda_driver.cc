#include "cuda_driver.h"

#include <dlfcn.h>

#include <cstdint>
#include <utility>

bool CudaDriver::Load() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library == nullptr) return false;
  bool complete = true;
  const auto find = [&](auto& function, const char* name) {
    *reinterpret_cast<void**>(&function) = dlsym(library, name);
    complete = complete && function != nullptr;
  };
  find(init_, "cuInit");
  find(device_get_, "cuDeviceGet");
  find(context_retain_, "cuDevicePrimaryCtxRetain");
  find(context_release_, "cuDevicePrimaryCtxRelease_v2");
  find(context_set_current_, "cuCtxSetCurrent");
  find(synchronize_, "cuCtxSynchronize");
  find(allocate_, "cuMemAlloc_v2");
  find(free_, "cuMemFree_v2");
  find(set_, "cuMemsetD8_v2");
  find(to_device_, "cuMemcpyHtoD_v2");
  find(to_host_, "cuMemcpyDtoH_v2");
  return complete;
}

std::unique_ptr<CudaDriver> CudaDriver::Open() {
  std::unique_ptr<CudaDriver> driver(new CudaDriver());
  void* context = nullptr;
  if (!driver->Load() || driver->init_(0) != 0 || driver->device_get_(&driver->device_, 0) != 0 ||
      driver->context_retain_(&context, driver->device_) != 0) {
    return nullptr;
  }
  driver->has_context_ = true;
  return driver->context_set_current_(context) == 0 ? std::move(driver) : nullptr;
}

CudaDriver::~CudaDriver() {
  for (const Pointer allocation : allocations_) free_(allocation);
  if (has_context_) context_release_(device_);
}

void* CudaDriver::Allocate(size_t bytes) {
  Pointer pointer = 0;
  if (allocate_(&pointer, bytes) != 0) return nullptr;
  allocations_.push_back(pointer);
  set_(pointer, 0, bytes);
  return reinterpret_cast<void*>(static_cast<uintptr_t>(pointer));
}

bool CudaDriver::CopyToDevice(void* to, const void* from, size_t bytes) {
  return to_device_(reinterpret_cast<uintptr_t>(to), from, bytes) == 0;
}

bool CudaDriver::CopyToHost(void* to, const void* from, size_t bytes) {
  return to_host_(to, reinterpret_cast<uintptr_t>(from), bytes) == 0;
}

bool CudaDriver::Synchronize() { return synchronize_() == 0; }
