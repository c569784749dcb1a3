#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_DEVICE_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_DEVICE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/driver/driver_api.h"

namespace tilewright {

// The GPU of a session: its context, one stream, the events around a timing, and the memory that
// flushes L2. It is the session's first member, because the context must go last. Not thread-safe.
class BenchDevice {
 public:
  // RESOURCE_EXHAUSTED, GPU_OUT_OF_MEMORY: less than `needed_bytes` are free.
  static absl::StatusOr<BenchDevice> Open(int ordinal, double needed_bytes);

  const DriverApi& driver() const { return *driver_; }
  CUstream stream() const { return stream_.get(); }
  int64_t l2_bytes() const { return l2_bytes_; }

  // Call it once, after everything more important has its memory.
  absl::Status AllocateFlush();
  absl::Status Flush(int times);

  // Marks what is timed. Once the stream has passed both marks, ElapsedSeconds has the time.
  absl::Status RecordBegin() const { return Record(begin_); }
  absl::Status RecordEnd() const { return Record(end_); }
  absl::StatusOr<double> ElapsedSeconds() const;

  // `what` says in an error what was running.
  absl::Status Synchronize(const char* what) const;

  // Tells if the context is ruined.
  bool ContextLost() const;

 private:
  BenchDevice(const DriverApi& driver, CudaContext context, CudaStream stream, CudaEvent begin,
              CudaEvent end);

  absl::Status Record(const CudaEvent& event) const;

  const DriverApi* driver_;
  // In the order of construction, because the context must go last.
  CudaContext context_;
  CudaStream stream_;
  CudaEvent begin_;
  CudaEvent end_;
  DeviceMemory flush_;
  int64_t l2_bytes_ = 0;
  unsigned flush_value_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_DEVICE_H_
