#ifndef TILEWRIGHT_TUNER_BENCH_NVML_H_
#define TILEWRIGHT_TUNER_BENCH_NVML_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// NVML's figures for a GPU at one moment. A figure is 0 if NVML does not know it.
struct NvmlSample {
  int sm_clock_mhz = 0;
  int power_watts = 0;
  uint64_t throttle_reasons = 0;
  int other_processes = 0;
};

// One GPU in NVML. The library (libnvidia-ml.so.1, part of the driver) is opened at run time.
// Without it the profiler still measures, but reports no clocks.
// Not thread-safe.
class Nvml {
 public:
  // `uuid` as in Device.uuid: "GPU-...". NOT_FOUND: there is no library or no such GPU.
  static absl::StatusOr<std::unique_ptr<Nvml>> Open(const std::string& uuid);

  static v1::LibraryStatus Library();

  NvmlSample Sample() const;

  // Returns the reasons that matter for a measurement, without "idle" and clocks that were set.
  static uint64_t SlowingReasons(uint64_t reasons);

  int PowerLimitWatts() const;
  int MaxSmClockMhz() const;
  int MaxMemoryClockMhz() const;

 private:
  explicit Nvml(void* device) : device_(device) {}

  void* device_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_NVML_H_
