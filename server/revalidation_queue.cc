#include "server/revalidation_queue.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/target/target.h"

namespace tilewright {

std::string RevalidationQueue::KeyOf(const TuneRequest& request) {
  return absl::StrCat(request.device_ordinal, ":", SiliconKey(request.target.silicon()),
                      EncodeProblem(request.problem));
}

void RevalidationQueue::Add(const TuneRequest& request) {
  if (request.device_ordinal < 0) return;
  absl::MutexLock lock(&mutex_);
  if (waiting_.size() >= kMaxWaiting || !keys_.insert(KeyOf(request)).second) return;
  waiting_.push_back(request);
  // There is an answer; a measurement is wanted all the same.
  waiting_.back().options.set_force(true);
}

void RevalidationQueue::Pump() {
  std::deque<TuneRequest> kept;
  absl::flat_hash_set<int> busy;
  for (;;) {
    TuneRequest request;
    {
      absl::MutexLock lock(&mutex_);
      if (waiting_.empty()) break;
      request = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const int device = request.device_ordinal;
    if (busy.contains(device) || !with_.is_idle(device)) {
      busy.insert(device);
      kept.push_back(std::move(request));
      continue;
    }
    const std::string key = KeyOf(request);
    {
      absl::MutexLock lock(&mutex_);
      keys_.erase(key);
    }
    if (!with_.is_needed(request) || !with_.tune(request)) continue;
    spdlog::info("{} is measured again", DescribeProblem(request.problem));
    busy.insert(device);
  }
  absl::MutexLock lock(&mutex_);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(kept.begin()),
                  std::make_move_iterator(kept.end()));
}

std::size_t RevalidationQueue::waiting() const {
  absl::MutexLock lock(&mutex_);
  return waiting_.size();
}

}  // namespace tilewright
