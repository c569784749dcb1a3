#include "tuner/compile/compile_queue.h"

#include <algorithm>

namespace tilewright {

void CompileQueue::Add(const std::shared_ptr<CompileBatch>& batch) {
  if (batch->jobs.empty()) return;
  SteadyLock lock(&mutex_);
  batches_.push_back(batch);
}

std::optional<std::pair<std::size_t, CompileOutcome>> CompileQueue::Collect(
    CompileBatch& batch, absl::Duration patience) {
  SteadyLock lock(&mutex_);
  const auto has_news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !batch.finished.empty() || IsCompleteLocked(batch);
  };
  mutex_.AwaitFor(has_news, patience);
  if (batch.finished.empty()) return std::nullopt;
  auto outcome = std::move(batch.finished.front());
  batch.finished.pop_front();
  return outcome;
}

bool CompileQueue::IsComplete(const CompileBatch& batch) {
  SteadyLock lock(&mutex_);
  return IsCompleteLocked(batch);
}

bool CompileQueue::IsCompleteLocked(const CompileBatch& batch) const {
  return batch.next == batch.jobs.size() && batch.in_flight == 0 && batch.finished.empty();
}

void CompileQueue::Drop(CompileBatch& batch, absl::Status error) {
  SteadyLock lock(&mutex_);
  if (batch.error.ok()) batch.error = std::move(error);
  batch.next = batch.jobs.size();
  const auto is_it = [&](const auto& other) { return other.get() == &batch; };
  batches_.erase(std::remove_if(batches_.begin(), batches_.end(), is_it), batches_.end());
}

std::size_t CompileQueue::WaitingJobs() const {
  std::size_t jobs = 0;
  for (const auto& batch : batches_) jobs += batch->jobs.size() - batch->next;
  return jobs;
}

std::optional<CompileQueue::Work> CompileQueue::Take(bool is_warm, absl::Duration patience) {
  SteadyLock lock(&mutex_);
  const auto may_go = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopped_ || WaitingJobs() > (is_warm ? 0 : warm_and_idle_);
  };
  const bool goes = mutex_.AwaitFor(may_go, patience);
  warm_and_idle_ -= is_warm;
  if (!goes || stopped_) return std::nullopt;
  std::shared_ptr<CompileBatch> batch = std::move(batches_.front());
  batches_.pop_front();
  const std::size_t index = batch->next++;
  ++batch->in_flight;
  if (batch->next < batch->jobs.size()) batches_.push_back(batch);
  return Work{std::move(batch), index};
}

void CompileQueue::Finish(const Work& work, std::optional<CompileOutcome> outcome, bool is_warm) {
  SteadyLock lock(&mutex_);
  warm_and_idle_ += is_warm;
  --work.batch->in_flight;
  if (outcome) work.batch->finished.emplace_back(work.index, *std::move(outcome));
}

void CompileQueue::Stop() {
  SteadyLock lock(&mutex_);
  stopped_ = true;
}

bool CompileQueue::IsStopped() {
  SteadyLock lock(&mutex_);
  return stopped_;
}

}  // namespace tilewright
