#include "server/sweeps/sweep_requests.h"

#include "proto/support/errors.h"
#include "proto/support/sha256.h"

namespace tilewright {

void SweepRequests::Remember(const v1::CreateSweepRequest& request) {
  const std::string& id = request.request_id();
  if (id.empty() || !digests_.emplace(id, Sha256(request.SerializeAsString())).second) return;
  ids_.push_back(id);
  if (ids_.size() <= max_ids_) return;
  digests_.erase(ids_.front());
  ids_.pop_front();
}

absl::StatusOr<bool> SweepRequests::Repeated(const v1::CreateSweepRequest& request) const {
  const auto found = digests_.find(request.request_id());
  if (found == digests_.end()) return false;
  if (found->second == Sha256(request.SerializeAsString())) return true;
  return InvalidField("request_id", "REQUEST_ID_REUSED",
                      "it was given before, for another sweep or other problems: give a new one");
}

}  // namespace tilewright
