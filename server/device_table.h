#ifndef TILEWRIGHT_SERVER_DEVICE_TABLE_H_
#define TILEWRIGHT_SERVER_DEVICE_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
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
// never ask a driver. Immutable; any thread.
class DeviceTable {
 public:
  DeviceTable(Compiler& compiler, Profiler& profiler);

  // `profile` names a target, or is empty for GPU `ordinal`. FAILED_PRECONDITION, reason
  // NO_GPU or GPU_UNUSABLE; INVALID_ARGUMENT for an unknown name or ordinal.
  absl::StatusOr<ResolvedTarget> Resolve(const std::string& profile, int ordinal) const;

  int device_count() const { return static_cast<int>(devices_.size()); }
  const v1::ListDevicesResponse& listing() const { return listing_; }

 private:
  std::vector<v1::Device> devices_;
  v1::ListDevicesResponse listing_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_DEVICE_TABLE_H_
