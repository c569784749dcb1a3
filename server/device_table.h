#ifndef TILEWRIGHT_SERVER_DEVICE_TABLE_H_
#define TILEWRIGHT_SERVER_DEVICE_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/measure/profiler.h"

namespace tilewright {

// What a request is about: a target, and the GPU to measure on where there is one.
struct ResolvedTarget {
  v1::Target target;
  int device_ordinal = -1;  // Negative: a named target, ranked by the model.
};

// The GPUs and libraries as they were when the daemon started: asked once, so that look-ups
// never ask a driver. Owned by DaemonServer; thread-safe.
class DeviceTable {
 public:
  DeviceTable(Compiler& compiler, Profiler& profiler);

  // `profile` names a target, or is empty for GPU `ordinal`. FAILED_PRECONDITION, reason
  // NO_GPU or GPU_UNUSABLE; INVALID_ARGUMENT for an unknown name or ordinal.
  absl::StatusOr<ResolvedTarget> Resolve(const std::string& profile, int ordinal) const;

  // Looks for NVRTC again where it was not there: it may have been installed since. May block.
  void FindMissing();

  // Enters the NVRTC that is there by now into `environment`, if none is. May block as FindMissing.
  void Complete(v1::Environment& environment);

  int device_count() const { return device_count_; }
  // cublasLtGetVersion of the library that algorithms are timed with; 0 where there is none.
  int64_t vendor_library_version() const { return vendor_library_version_; }
  v1::ListDevicesResponse listing() const { return *Listing(); }

 private:
  using ListingPtr = std::shared_ptr<const v1::ListDevicesResponse>;
  ListingPtr Listing() const;

  Compiler& compiler_;
  int device_count_ = 0;
  int64_t vendor_library_version_ = 0;
  mutable absl::Mutex mutex_;
  ListingPtr listing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_DEVICE_TABLE_H_
