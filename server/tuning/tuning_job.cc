#include "server/tuning/tuning_job.h"

#include <utility>
#include <vector>

#include "proto/support/errors.h"
#include "proto/support/timestamps.h"
#include "tuner/search/unstored_winners.h"

namespace tilewright {

TuningJob::TuningJob(std::string name, TuneRequest request, absl::Time now)
    : name_(std::move(name)),
      request_(std::move(request)),
      result_(absl::UnavailableError("the tuning has not finished")) {
  tuning_.set_name(name_);
  *tuning_.mutable_problem() = request_.problem;
  *tuning_.mutable_target() = request_.target;
  tuning_.set_state(v1::WORK_STATE_QUEUED);
  *tuning_.mutable_create_time() = ToTimestamp(now);
}

v1::Tuning TuningJob::Snapshot() const {
  absl::MutexLock lock(&mutex_);
  return tuning_;
}

bool TuningJob::finished() const {
  absl::MutexLock lock(&mutex_);
  return finished_;
}

absl::StatusOr<StoredWinner> TuningJob::result() const {
  absl::MutexLock lock(&mutex_);
  return result_;
}

int64_t TuningJob::Observe(Observer observer) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mutex_);
    id = next_observer_++;
    if (!finished_) {
      observers_[id] = std::make_shared<const Observer>(std::move(observer));
      return id;
    }
  }
  observer();
  return id;
}

void TuningJob::Unobserve(int64_t id) {
  absl::MutexLock lock(&mutex_);
  observers_.erase(id);
}

void TuningJob::Start() {
  {
    absl::MutexLock lock(&mutex_);
    tuning_.set_state(v1::WORK_STATE_RUNNING);
  }
  Notify();
}

void TuningJob::Requeue() {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;  // Nobody wanted it any more.
    tuning_.set_state(v1::WORK_STATE_QUEUED);
    tuning_.clear_progress();
  }
  Notify();
}

void TuningJob::Advance(const v1::TuningProgress& progress) {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    *tuning_.mutable_progress() = progress;
  }
  Notify();
}

void TuningJob::Finish(absl::StatusOr<TuneResult> result, absl::Time now) {
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    *tuning_.mutable_end_time() = ToTimestamp(now);
    if (result.ok()) {
      tuning_.set_state(v1::WORK_STATE_SUCCEEDED);
      tuning_.mutable_progress()->set_fraction(1);
      *tuning_.mutable_winner() = result->winner.winner;
      tuning_.set_not_stored(WhyUnstored(result->winner.winner));
      tuning_.set_legal_configs(result->legal_configs);
      tuning_.set_compiled(result->compiled);
      tuning_.set_measured(result->measured);
      tuning_.set_compile_seconds(result->compile_seconds);
      tuning_.set_measure_seconds(result->measure_seconds);
      result_ = std::move(result->winner);
    } else {
      const absl::Status& status = result.status();
      tuning_.set_state(absl::IsCancelled(status) ? v1::WORK_STATE_CANCELLED
                                                  : v1::WORK_STATE_FAILED);
      tuning_.set_error_code(static_cast<int>(status.code()));
      tuning_.set_error_reason(ReasonOf(status));
      tuning_.set_error_message(std::string(status.message()));
      if (const auto info = ErrorInfoOf(status)) {
        *tuning_.mutable_error_metadata() = info->metadata();
      }
      result_ = status;
    }
  }
  Notify();
  absl::MutexLock lock(&mutex_);
  observers_.clear();
}

void TuningJob::Notify() {
  std::vector<std::shared_ptr<const Observer>> observers;
  {
    absl::MutexLock lock(&mutex_);
    observers.reserve(observers_.size());
    for (const auto& [id, observer] : observers_) observers.push_back(observer);
  }
  for (const auto& observer : observers) (*observer)();
}

bool IsFinal(v1::WorkState state) {
  return state == v1::WORK_STATE_SUCCEEDED || state == v1::WORK_STATE_FAILED ||
         state == v1::WORK_STATE_CANCELLED;
}

}  // namespace tilewright
