#ifndef TILEWRIGHT_SERVER_SCHEDULER_WORK_H_
#define TILEWRIGHT_SERVER_SCHEDULER_WORK_H_

#include <memory>
#include <string>

#include "server/scheduler.h"

namespace tilewright {

// A tuning that is queued or running, and who is interested in it.
struct Scheduler::Work {
  std::shared_ptr<TuningJob> job;
  std::string key;
  std::size_t lane = 0;
  int waiting = 0;
  int created = 0;
  int swept = 0;
  bool background = false;
  bool running = false;
  bool finished = false;
  Cancellation cancellation;

  bool Wanted() const { return waiting > 0 || created > 0 || swept > 0 || background; }

  Interest Strongest() const {
    if (waiting > 0) return Interest::kWaiting;
    if (created > 0) return Interest::kCreated;
    return swept > 0 ? Interest::kSweep : Interest::kBackground;
  }

  void Add(Interest interest, int count) {
    if (interest == Interest::kWaiting) waiting += count;
    if (interest == Interest::kCreated) created += count;
    if (interest == Interest::kSweep) swept += count;
    if (interest == Interest::kBackground) background = count > 0;
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SCHEDULER_WORK_H_
