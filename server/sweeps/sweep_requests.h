#ifndef TILEWRIGHT_SERVER_SWEEPS_SWEEP_REQUESTS_H_
#define TILEWRIGHT_SERVER_SWEEPS_SWEEP_REQUESTS_H_

#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Which request ids made or joined which sweep, so that a repeated CreateSweep has no further
// effect. The last `max_ids` are known. Not thread-safe: the sweep runner guards it.
class SweepRequests {
 public:
  explicit SweepRequests(std::size_t max_ids) : max_ids_(max_ids) {}

  void Remember(const v1::CreateSweepRequest& request);

  // Whether the request's id came before. INVALID_ARGUMENT, reason REQUEST_ID_REUSED, where
  // that was for another sweep.
  absl::StatusOr<bool> Repeated(const v1::CreateSweepRequest& request) const;

 private:
  const std::size_t max_ids_;
  // SHA-256 of the request, by its id: requests may have megabytes.
  absl::flat_hash_map<std::string, std::string> digests_;
  std::deque<std::string> ids_;  // Oldest first.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_SWEEP_REQUESTS_H_
