#include "server/tuning/work_owners.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

absl::Status NotPermitted(const std::string& name, uid_t user, const Permissions& permissions) {
  return MakeError(absl::StatusCode::kPermissionDenied, "NOT_PERMITTED",
                   absl::StrCat("user ", DescribeUser(user), " did not ask for ", name,
                                " and may not cancel it; these may: the users who asked, ",
                                permissions.Administrators()));
}

}  // namespace

WorkOwners::Owners& WorkOwners::Entry(const std::string& name) {
  const auto [found, inserted] = owners_.try_emplace(name);
  if (!inserted) return found->second;
  names_.push_back(name);
  if (names_.size() > max_names_) {
    owners_.erase(names_.front());
    names_.pop_front();
  }
  return owners_[name];
}

void WorkOwners::AddTuning(const std::string& name, uid_t user, const std::string& request_id) {
  absl::MutexLock lock(&mutex_);
  Owners& entry = Entry(name);
  if (!request_id.empty()) {
    for (const auto& [other, requests] : entry.requests) {
      if (requests.count(request_id) > 0) return;
    }
  }
  entry.requests[user].insert(request_id);
}

absl::StatusOr<std::optional<std::string>> WorkOwners::TakeBack(const std::string& name, uid_t user,
                                                                const std::string& request_id) {
  absl::MutexLock lock(&mutex_);
  const bool administrator = permissions_.IsAdministrator(user);
  const auto found = owners_.find(name);
  if (found == owners_.end()) {
    if (administrator) return request_id;
    return NotPermitted(name, user, permissions_);
  }
  auto& requests = found->second.requests;
  const auto own = requests.find(user);
  if (own != requests.end()) {
    const auto taken = request_id.empty() ? own->second.begin() : own->second.find(request_id);
    if (taken != own->second.end()) {
      std::string id = *taken;
      own->second.erase(taken);
      return id;
    }
  }
  if (administrator) {
    for (auto& [other, ids] : requests) {
      const auto taken = request_id.empty() ? ids.begin() : ids.find(request_id);
      if (taken == ids.end()) continue;
      std::string id = *taken;
      ids.erase(taken);
      return id;
    }
    return request_id;
  }
  if (request_id.empty()) {
    if (own != requests.end()) return std::nullopt;
    return NotPermitted(name, user, permissions_);
  }
  for (const auto& [other, ids] : requests) {
    if (ids.count(request_id) > 0) return NotPermitted(name, user, permissions_);
  }
  return request_id;
}

void WorkOwners::AddSweep(const std::string& name, uid_t user, bool joined) {
  absl::MutexLock lock(&mutex_);
  Owners& entry = Entry(name);
  if (!joined) entry.sweep_owner = user;
}

absl::Status WorkOwners::CheckCancelSweep(const std::string& name, uid_t user) const {
  if (permissions_.IsAdministrator(user)) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  const auto found = owners_.find(name);
  if (found != owners_.end() && found->second.sweep_owner == user) return absl::OkStatus();
  return NotPermitted(name, user, permissions_);
}

}  // namespace tilewright
