#include "server/sweeps/sweep_runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxActive = 16;
constexpr std::size_t kMaxActiveOfUser = ShareOfUser(kMaxActive);
constexpr std::size_t kMaxRequestIds = 1024;

bool SameWork(const v1::CreateSweepRequest& a, const v1::CreateSweepRequest& b) {
  v1::CreateSweepRequest other = b;
  other.set_request_id(a.request_id());
  return google::protobuf::util::MessageDifferencer::Equals(a, other);
}

// Returns the sweep as it is when nobody works on it: entries that had begun are queued again.
v1::Sweep AsInterrupted(v1::Sweep sweep) {
  if (!IsFinal(sweep.state())) sweep.set_state(v1::WORK_STATE_CANCELLED);
  for (v1::SweepEntry& entry : *sweep.mutable_entries()) {
    if (!IsFinal(entry.state())) entry.set_state(v1::WORK_STATE_QUEUED);
  }
  sweep.clear_current();
  return sweep;
}

}  // namespace

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

SweepRunner::SweepRunner(const DeviceTable& devices, const WinnerIndex& index, TuningStore& store,
                         Scheduler& scheduler, Clock& clock)
    : devices_(devices),
      index_(index),
      store_(store),
      scheduler_(scheduler),
      clock_(clock),
      requests_(kMaxRequestIds) {}

SweepRunner::~SweepRunner() { Stop(); }

absl::StatusOr<SweepRunner::Created> SweepRunner::Create(const v1::CreateSweepRequest& request,
                                                         uid_t user) {
  {
    absl::MutexLock lock(&mutex_);
    ASSIGN_OR_RETURN(const bool repeated, requests_.Repeated(request));
    if (!repeated) {
      ASSIGN_OR_RETURN(Created created, Begin(request, user));
      requests_.Remember(request);
      return created;
    }
  }
  ASSIGN_OR_RETURN(v1::Sweep sweep, Get(SweepName(request.sweep_id())));
  return Created{.sweep = std::move(sweep), .joined = true};
}

absl::StatusOr<SweepRunner::Created> SweepRunner::Begin(const v1::CreateSweepRequest& request,
                                                        uid_t user) {
  if (stopping_) return ServerStopping();
  JoinEnded();
  const std::string name = SweepName(request.sweep_id());
  if (const auto found = active_.find(name); found != active_.end()) {
    Active& sweep = *found->second;
    if (SameWork(sweep.request, request)) {
      // A cancelled sweep that has not stopped yet goes on. Otherwise this caller's sweep would end
      // with the cancellation of another caller.
      sweep.cancelled = false;
      return Created{.sweep = sweep.state->Snapshot(), .joined = true};
    }
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "SWEEP_RUNNING",
        absl::StrCat(name, " is being worked on with other problems or options: ",
                     sweep.cancelled
                         ? "it was cancelled and ends after the problem under way; try again then"
                         : "cancel it first",
                     ", or give another name"));
  }
  const auto own = std::count_if(active_.begin(), active_.end(),
                                 [user](const auto& other) { return other.second->user == user; });
  if (active_.size() >= kMaxActive || static_cast<std::size_t>(own) >= kMaxActiveOfUser) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_SWEEPS",
                     absl::StrCat(kMaxActiveOfUser, " sweeps of this user, or ", kMaxActive,
                                  " of all users, are being worked on"),
                     {{"retry_delay_ms", "10000"}});
  }
  ASSIGN_OR_RETURN(const std::optional<v1::Sweep> earlier, Stored(name));
  ASSIGN_OR_RETURN(SweepPlan plan, PlanSweep(request, earlier, devices_, clock_.Now()));
  auto sweep = std::make_shared<Active>();
  sweep->request = request;
  sweep->user = user;
  sweep->tunes = std::move(plan.tunes);
  sweep->state = std::make_shared<SweepState>(std::move(plan.sweep));
  RETURN_IF_ERROR(store_.PutSweep(sweep->state->Snapshot(), request));
  active_[name] = sweep;
  Created created{.sweep = sweep->state->Snapshot(), .joined = false};
  sweep->thread = std::thread([this, sweep] { Run(sweep); });
  return created;
}

absl::StatusOr<std::optional<v1::Sweep>> SweepRunner::Stored(const std::string& name) {
  absl::StatusOr<v1::Sweep> stored = store_.GetSweep(name);
  if (stored.ok()) return AsInterrupted(*std::move(stored));
  if (absl::IsNotFound(stored.status())) return std::nullopt;
  return stored.status();
}

absl::StatusOr<std::shared_ptr<SweepState>> SweepRunner::Find(const std::string& name) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto found = active_.find(name); found != active_.end()) {
      return found->second->state;
    }
  }
  ASSIGN_OR_RETURN(std::optional<v1::Sweep> stored, Stored(name));
  if (stored) return std::make_shared<SweepState>(*std::move(stored));
  return MakeError(absl::StatusCode::kNotFound, "SWEEP_NOT_FOUND",
                   absl::StrCat("no sweep is named '", name, "'"), {{"field", "name"}});
}

absl::StatusOr<v1::Sweep> SweepRunner::Get(const std::string& name) {
  ASSIGN_OR_RETURN(const std::shared_ptr<SweepState> state, Find(name));
  return state->Snapshot();
}

absl::StatusOr<v1::Sweep> SweepRunner::Cancel(const std::string& name) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto found = active_.find(name); found != active_.end()) {
      found->second->cancelled = true;
    }
  }
  return Get(name);
}

void SweepRunner::ResumeAll() {
  const absl::StatusOr<std::vector<v1::CreateSweepRequest>> unfinished = store_.UnfinishedSweeps();
  if (!unfinished.ok()) {
    spdlog::error("unfinished sweeps cannot be read: {}",
                  std::string(unfinished.status().message()));
    return;
  }
  for (const v1::CreateSweepRequest& request : *unfinished) {
    const absl::StatusOr<Created> sweep = Create(request, kUnknownUser);
    spdlog::info("sweep {}: {}", request.sweep_id(),
                 sweep.ok() ? "goes on" : std::string(sweep.status().message()));
  }
}

void SweepRunner::PrepareStop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  stop_begun_.Set();
}

void SweepRunner::Stop() {
  PrepareStop();
  std::vector<std::shared_ptr<Active>> sweeps;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, sweep] : active_) sweeps.push_back(sweep);
    active_.clear();
  }
  for (const auto& sweep : sweeps) sweep->thread.join();
}

std::size_t SweepRunner::active() const {
  absl::MutexLock lock(&mutex_);
  std::size_t count = 0;
  for (const auto& [name, sweep] : active_) count += sweep->ended ? 0 : 1;
  return count;
}

void SweepRunner::JoinEnded() {
  for (auto it = active_.begin(); it != active_.end();) {
    if (it->second->ended) {
      it->second->thread.join();
      active_.erase(it++);
    } else {
      ++it;
    }
  }
}

}  // namespace tilewright
