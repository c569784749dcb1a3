// The few functions of the CUDA driver that the example needs. They are loaded at run time, so the
// example builds without a toolkit and runs without a GPU.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

class CudaDriver {
 public:
  // Makes the primary context of the first GPU current on this thread. Returns null without a GPU.
  static std::unique_ptr<CudaDriver> Open();

  // Allocates zeroed device memory, which is freed with the driver. Returns null if none is left.
  void* Allocate(size_t bytes);
  bool CopyToDevice(void* to, const void* from, size_t bytes);
  bool CopyToHost(void* to, const void* from, size_t bytes);
  // Waits for everything launched so far.
  bool Synchronize();

  ~CudaDriver();

 private:
  CudaDriver() = default;
  bool Load();

  using Pointer = unsigned long long;
  int (*init_)(unsigned) = nullptr;
  int (*device_get_)(int*, int) = nullptr;
  int (*context_retain_)(void**, int) = nullptr;
  int (*context_release_)(int) = nullptr;
  int (*context_set_current_)(void*) = nullptr;
  int (*synchronize_)() = nullptr;
  int (*allocate_)(Pointer*, size_t) = nullptr;
  int (*free_)(Pointer) = nullptr;
  int (*set_)(Pointer, unsigned char, size_t) = nullptr;
  int (*to_device_)(Pointer, const void*, size_t) = nullptr;
  int (*to_host_)(void*, Pointer, size_t) = nullptr;
  std::vector<Pointer> allocations_;
  bool has_context_ = false;
  int device_ = 0;
};
