#include "tuner/bench/bench_device.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int64_t kMinFlushBytes = int64_t{64} << 20;

absl::Status CheckFits(const DriverApi& driver, double needed) {
  std::size_t free = 0;
  std::size_t total = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuMemGetInfo(&free, &total), "cuMemGetInfo"));
  if (needed <= static_cast<double>(free)) return absl::OkStatus();
  constexpr double kGibibyte = 1073741824.0;
  return MakeError(absl::StatusCode::kResourceExhausted, "GPU_OUT_OF_MEMORY",
                   absl::StrFormat("checking the problem needs %.1f GiB of GPU memory, but only "
                                   "%.1f of %.1f GiB are free",
                                   needed / kGibibyte, static_cast<double>(free) / kGibibyte,
                                   static_cast<double>(total) / kGibibyte));
}

}  // namespace

BenchDevice::BenchDevice(const DriverApi& driver, CudaContext context, CudaStream stream,
                         CudaEvent begin, CudaEvent end)
    : driver_(&driver),
      context_(std::move(context)),
      stream_(std::move(stream)),
      begin_(std::move(begin)),
      end_(std::move(end)) {}

absl::StatusOr<BenchDevice> BenchDevice::Open(int ordinal, double needed_bytes) {
  ASSIGN_OR_RETURN(const DriverApi* driver, DriverApi::Load());
  ASSIGN_OR_RETURN(CudaContext context, CudaContext::Retain(*driver, ordinal));
  RETURN_IF_ERROR(CheckFits(*driver, needed_bytes));
  ASSIGN_OR_RETURN(CudaStream stream, CudaStream::Create(*driver));
  ASSIGN_OR_RETURN(CudaEvent begin, CudaEvent::Create(*driver));
  ASSIGN_OR_RETURN(CudaEvent end, CudaEvent::Create(*driver));
  int l2_bytes = 0;
  RETURN_IF_ERROR(driver->Check(
      driver->cuDeviceGetAttribute(&l2_bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, context.device()),
      "cuDeviceGetAttribute"));
  BenchDevice device(*driver, std::move(context), std::move(stream), std::move(begin),
                     std::move(end));
  device.l2_bytes_ = l2_bytes;
  return device;
}

absl::Status BenchDevice::AllocateFlush() {
  ASSIGN_OR_RETURN(flush_,
                   DeviceMemory::Allocate(*driver_, std::max(2 * l2_bytes_, kMinFlushBytes)));
  return absl::OkStatus();
}

absl::Status BenchDevice::Flush(int times) {
  for (int i = 0; i < times; ++i) {
    RETURN_IF_ERROR(driver_->Check(
        driver_->cuMemsetD32Async(flush_.address(), ++flush_value_,
                                  static_cast<std::size_t>(flush_.bytes() / 4), stream_.get()),
        "flushing L2"));
  }
  return absl::OkStatus();
}

absl::Status BenchDevice::Record(const CudaEvent& event) const {
  return driver_->Check(driver_->cuEventRecord(event.get(), stream_.get()), "cuEventRecord");
}

absl::StatusOr<double> BenchDevice::ElapsedSeconds() const {
  float milliseconds = 0;
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuEventElapsedTime(&milliseconds, begin_.get(), end_.get()), "cuEventElapsedTime"));
  return static_cast<double>(milliseconds) * 1e-3;
}

absl::Status BenchDevice::Synchronize(const char* what) const {
  return driver_->Check(driver_->cuStreamSynchronize(stream_.get()), what);
}

bool BenchDevice::ContextLost() const { return driver_->cuCtxSynchronize() != CUDA_SUCCESS; }

}  // namespace tilewright
