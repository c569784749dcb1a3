#include "server/tuning/revalidation_queue.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "spdlog/spdlog.h"
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
  // The store has an answer, but the queue wants a new measurement.
  waiting_.back().options.set_force(true);
}

void RevalidationQueue::Pump() {
  std::deque<TuneRequest> kept;
  std::vector<TuneRequest> refused;
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
    const bool needed = with_.is_needed(request);
    if (needed) {
      // Whether the tuning begins or is refused, this GPU takes no other one in this round.
      busy.insert(device);
      if (!with_.tune(request)) {
        refused.push_back(std::move(request));
        continue;
      }
      spdlog::info("{} is measured again", DescribeProblem(request.problem));
    }
    absl::MutexLock lock(&mutex_);
    keys_.erase(KeyOf(request));
  }
  // Refused requests go last, so that one that failed lately does not delay the others.
  absl::MutexLock lock(&mutex_);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(kept.begin()),
                  std::make_move_iterator(kept.end()));
  waiting_.insert(waiting_.end(), std::make_move_iterator(refused.begin()),
                  std::make_move_iterator(refused.end()));
}

std::size_t RevalidationQueue::waiting() const {
  absl::MutexLock lock(&mutex_);
  return waiting_.size();
}

}  // namespace tilewright
