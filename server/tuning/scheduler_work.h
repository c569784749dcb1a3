#ifndef TILEWRIGHT_SERVER_TUNING_SCHEDULER_WORK_H_
#define TILEWRIGHT_SERVER_TUNING_SCHEDULER_WORK_H_

#include <memory>
#include <string>
#include <vector>

#include "server/net/unknown_user.h"
#include "server/tuning/scheduler.h"

namespace tilewright {

// A tuning that is queued or running, with the interest in it.
struct Scheduler::Work {
  std::shared_ptr<TuningJob> job;
  std::string key;
  std::size_t lane = 0;
  int waiting = 0;
  int created = 0;
  std::vector<std::string> creators;  // Request ids of `created`, without the empty ones.
  int swept = 0;
  bool background = false;
  bool counted = false;       // In queued_of_[user], while it is queued.
  uid_t user = kUnknownUser;  // The first to ask. The place in the queue counts as theirs.
  bool forced = false;        // Somebody wants a measurement even if an answer is stored.
  int losses = 0;             // How often it was queued again because workers were lost.
  bool running = false;
  bool finished = false;
  Cancellation cancellation;

  bool Wanted() const { return waiting > 0 || created > 0 || swept > 0 || background; }

  Interest Strongest() const {
    if (waiting > 0) return Interest::kWaiting;
    if (created > 0) return Interest::kCreated;
    return swept > 0 ? Interest::kSweep : Interest::kBackground;
  }

  // Removes one Create. Returns false if none with this id is left.
  bool TakeBack(const std::string& request_id) {
    if (!request_id.empty() && std::erase(creators, request_id) == 0) return false;
    if (created == 0) return false;
    if (static_cast<std::size_t>(created) == creators.size()) creators.pop_back();
    --created;
    return true;
  }

  void Add(Interest interest, int count) {
    if (interest == Interest::kWaiting) waiting += count;
    if (interest == Interest::kCreated) created += count;
    if (interest == Interest::kSweep) swept += count;
    if (interest == Interest::kBackground) background = count > 0;
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_SCHEDULER_WORK_H_
