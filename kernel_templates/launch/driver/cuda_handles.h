// Owners of the driver's handles. Each frees its handle, and must not outlive the context that the
// handle was made in. Not thread-safe, because the handles are not.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_CUDA_HANDLES_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_CUDA_HANDLES_H_

#include <cuda.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"

namespace tilewright {

// Takes a handle out of its owner, which then does not free it.
template <typename Handle>
Handle Release(Handle& handle) {
  return std::exchange(handle, Handle{});
}

// The primary context of a device. It is current for the calling thread.
class CudaContext {
 public:
  static absl::StatusOr<CudaContext> Retain(const DriverApi& driver, int ordinal);
  CudaContext(CudaContext&& other) noexcept
      : driver_(other.driver_), device_(other.device_), context_(Release(other.context_)) {}
  CudaContext& operator=(CudaContext&&) = delete;
  ~CudaContext();

  CUdevice device() const { return device_; }

 private:
  CudaContext(const DriverApi& driver, CUdevice device, CUcontext context)
      : driver_(&driver), device_(device), context_(context) {}

  const DriverApi* driver_;
  CUdevice device_;
  CUcontext context_;
};

// A stream that does not synchronize with the legacy default stream.
class CudaStream {
 public:
  static absl::StatusOr<CudaStream> Create(const DriverApi& driver);
  CudaStream(CudaStream&& other) noexcept
      : driver_(other.driver_), stream_(Release(other.stream_)) {}
  CudaStream& operator=(CudaStream&&) = delete;
  ~CudaStream();

  CUstream get() const { return stream_; }

 private:
  CudaStream(const DriverApi& driver, CUstream stream) : driver_(&driver), stream_(stream) {}

  const DriverApi* driver_;
  CUstream stream_;
};

class CudaEvent {
 public:
  static absl::StatusOr<CudaEvent> Create(const DriverApi& driver);
  CudaEvent(CudaEvent&& other) noexcept : driver_(other.driver_), event_(Release(other.event_)) {}
  CudaEvent& operator=(CudaEvent&&) = delete;
  ~CudaEvent();

  CUevent get() const { return event_; }

 private:
  CudaEvent(const DriverApi& driver, CUevent event) : driver_(&driver), event_(event) {}

  const DriverApi* driver_;
  CUevent event_;
};

// Device memory. The driver aligns it to 256 bytes. With zero bytes this owns nothing.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  static absl::StatusOr<DeviceMemory> Allocate(const DriverApi& driver, int64_t bytes);
  DeviceMemory(DeviceMemory&& other) noexcept { *this = std::move(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(driver_, other.driver_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~DeviceMemory();

  CUdeviceptr address() const { return address_; }
  void* pointer() const { return reinterpret_cast<void*>(address_); }
  int64_t bytes() const { return bytes_; }

 private:
  const DriverApi* driver_ = nullptr;
  CUdeviceptr address_ = 0;
  int64_t bytes_ = 0;
};

// A loaded cubin.
class CudaLibrary {
 public:
  static absl::StatusOr<CudaLibrary> LoadCubin(const DriverApi& driver, const std::string& cubin);
  CudaLibrary(CudaLibrary&& other) noexcept
      : driver_(other.driver_), library_(Release(other.library_)) {}
  CudaLibrary& operator=(CudaLibrary&&) = delete;
  ~CudaLibrary();

  // Returns the function in the current context. NOT_FOUND: the cubin has no such symbol.
  absl::StatusOr<CUfunction> Function(const char* symbol) const;

 private:
  CudaLibrary(const DriverApi& driver, CUlibrary library) : driver_(&driver), library_(library) {}

  const DriverApi* driver_;
  CUlibrary library_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_CUDA_HANDLES_H_
