// The checks of ProfileRun: which candidates are sound, and which one ended a worker.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/failure.h"
#include "proto/support/status_macros.h"
#include "tuner/profile/profile_run.h"
#include "tuner/profile/statistics.h"

namespace tilewright {
namespace {

constexpr absl::Duration kLoadLimit = absl::Seconds(30);
// The first checks, which wait for compiles, may take this share of the time up to the deadline.
// The checks of each further input may take kCheckShare of the time that is left then.
constexpr double kFirstCheckShare = 0.6;
constexpr double kCheckShare = 0.2;

}  // namespace

void ProfileRun::Blame(Entry& entry, const absl::Status& status) {
  const v1::Failure failure = MakeFailure(FailureKindOf(status), std::string(status.message()));
  if (worker_->alive()) {
    entry.failure = failure;
  } else if (IsWorkerLost(status)) {
    DeferIfLostAgain(entry, status);
  } else {
    Suspect(entry, failure);
  }
}

void ProfileRun::TakeFailure(Entry& entry, const bench::CandidateReply& reply) {
  if (reply.context_lost()) {
    worker_.reset();
    Suspect(entry, reply.failure());
    return;
  }
  if (!reply.has_failure()) return;
  entry.failure = reply.failure();
  // It may have overwritten the data that the next candidates are checked with.
  if (reply.failure().kind() == v1::FAILURE_KIND_OUT_OF_BOUNDS) worker_.reset();
}

void ProfileRun::DeferIfLostAgain(Entry& entry, const absl::Status& status) {
  entry.loaded = false;
  if (++entry.lost < 2) return;
  entry.failure =
      MakeFailure(FailureKindOf(status), absl::StrCat("two workers were lost: ", status.message()));
  worker_lost_ = true;
}

void ProfileRun::Suspect(Entry& entry, const v1::Failure& failure) {
  if (entry.suspected) entry.failure = failure;
  entry.suspected = true;
  entry.loaded = false;
}

absl::Status ProfileRun::EnsureLoaded(std::size_t index) {
  Entry& entry = entries_[index];
  while (true) {
    RETURN_IF_ERROR(EnsureWorker());
    if (!entry.live() || entry.loaded) return absl::OkStatus();
    bench::Request request;
    request.mutable_load()->set_candidate(static_cast<int>(index));
    if (entry.kernel != nullptr) {
      *request.mutable_load()->mutable_kernel() = *entry.kernel;
    } else {
      *request.mutable_load()->mutable_vendor() = entry.vendor;
    }
    const auto reply = worker_->Call(request, kLoadLimit);
    if (!reply.ok()) {
      Blame(entry, reply.status());
      continue;
    }
    entry.loaded = true;
    TakeFailure(entry, reply->candidate());
  }
}

absl::Status ProfileRun::CheckEntry(std::size_t index, bool repeat) {
  Entry& entry = entries_[index];
  bench::Request request;
  request.mutable_check()->set_candidate(static_cast<int>(index));
  request.mutable_check()->set_repeat(repeat);
  while (true) {
    RETURN_IF_ERROR(EnsureLoaded(index));
    if (!entry.live()) return absl::OkStatus();
    const auto reply = worker_->Call(request, LaunchLimit(repeat ? 2 : 1));
    if (!reply.ok()) {
      Blame(entry, reply.status());
      continue;
    }
    TakeFailure(entry, reply->candidate());
    if (!entry.live()) return absl::OkStatus();
    if (!entry.loaded) continue;
    TakeCheck(entry, reply->candidate());
    return absl::OkStatus();
  }
}

void ProfileRun::TakeCheck(Entry& entry, const bench::CandidateReply& reply) {
  entry.estimate = reply.seconds();
  if (input_ == bench::INPUT_KIND_ADVERSARIAL) return;
  entry.relative_error = std::max(entry.relative_error, reply.relative_error());
  const double budget = ErrorBudgetOf(request_.problem);
  if (budget > 0 && entry.relative_error > budget) {
    entry.failure = MakeFailure(
        v1::FAILURE_KIND_OVER_ERROR_BUDGET,
        absl::StrCat("relative error ", entry.relative_error, " exceeds the budget of ", budget));
  }
}

absl::Status ProfileRun::CheckEveryone() {
  const SteadyTime begin = SteadyTime::Now();
  check_end_ = begin + (request_.deadline - begin) * kFirstCheckShare;
  return CheckWithInput(bench::INPUT_KIND_NORMAL, check_end_);
}

absl::Status ProfileRun::CheckSupplied() {
  while (TakeNext()) RETURN_IF_ERROR(CheckInTurn(entries_.size() - 1, check_end_));
  return absl::OkStatus();
}

// Most candidates leave the race in its first rounds. Only possible winners get the other inputs.
absl::Status ProfileRun::CheckFinalists() {
  do {
    for (const bench::InputKind kind : {bench::INPUT_KIND_ADVERSARIAL, bench::INPUT_KIND_TIMED}) {
      const SteadyTime begin = SteadyTime::Now();
      RETURN_IF_ERROR(CheckWithInput(kind, begin + (request_.deadline - begin) * kCheckShare));
    }
  } while (CallBack());
  return absl::OkStatus();
}

// Brings the best dropped templates back if none is left in the race. Returns true if it did.
bool ProfileRun::CallBack() {
  std::vector<std::size_t> dropped;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.kernel == nullptr || !entry.live()) continue;
    if (!entry.dropped) return false;
    if (!entry.samples.empty()) dropped.push_back(i);
  }
  std::sort(dropped.begin(), dropped.end(), [&](std::size_t a, std::size_t b) {
    return Median(entries_[a].samples) < Median(entries_[b].samples);
  });
  dropped.resize(std::min<std::size_t>(dropped.size(), kFinalists));
  if (dropped.empty()) return false;
  for (const std::size_t index : dropped) entries_[index].dropped = false;
  // They left after different numbers of rounds.
  BeginAgain();
  return true;
}

absl::Status ProfileRun::CheckWithInput(bench::InputKind kind, SteadyTime end) {
  sound_ = {};
  if (kind != input_) {
    input_ = kind;
    // If the worker is lost here, a new one starts with this input.
    if (worker_ != nullptr && worker_->alive() && !MakeInput().ok()) worker_.reset();
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) RETURN_IF_ERROR(CheckInTurn(i, end));
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckInTurn(std::size_t index, SteadyTime end) {
  RETURN_IF_ERROR(Interrupted());
  Entry& entry = entries_[index];
  // The first sound template and the first sound algorithm of the vendor are measured however late
  // it is: an answer after the deadline is worth more than none.
  bool& has_one = entry.kernel != nullptr ? sound_.kernel : sound_.vendor;
  if (entry.racing() && has_one && SteadyTime::Now() > end) {
    entry.failure =
        MakeFailure(v1::FAILURE_KIND_DEFERRED, "the time ran out before it was checked");
  }
  const bool first_input = input_ == bench::INPUT_KIND_NORMAL;
  if (entry.racing()) RETURN_IF_ERROR(CheckEntry(index, /*repeat=*/first_input));
  has_one = has_one || entry.racing();
  if (!first_input) return absl::OkStatus();  // The finalists' checks are part of the race.
  NoteLead();
  Report(v1::TUNING_PHASE_CHECKING, static_cast<int>(index) + 1, static_cast<int>(entries_.size()));
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckAgain() {
  for (const std::size_t index : Racing()) {
    RETURN_IF_ERROR(Interrupted());
    RETURN_IF_ERROR(CheckEntry(index, /*repeat=*/true));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
