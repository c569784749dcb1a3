#ifndef TILEWRIGHT_SERVER_NET_SINGLE_FLIGHT_H_
#define TILEWRIGHT_SERVER_NET_SINGLE_FLIGHT_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "server/net/executor.h"

namespace tilewright {

// Does work once for all callers that ask for it at the same time. Each asking user gets a turn of
// the executor, and the first turn does the work. So nobody waits behind another user's work for a
// result that both want. Outlives its work; thread-safe.
template <typename Result>
class SingleFlight {
 public:
  using Callback = std::function<void(const Result&)>;

  explicit SingleFlight(Executor& executor) : executor_(executor) {}

  // Calls `done` once: with the result of `work`, from a thread of the executor, or with the result
  // of `refused`, from this thread, if the executor takes no more from `user`. The key must name
  // everything that the work depends on.
  void Do(const std::string& key, uid_t user, std::function<Result()> work, Callback done,
          const std::function<Result()>& refused) {
    {
      absl::MutexLock lock(&mutex_);
      Flight& flight = flights_[key];
      std::vector<Callback>& own = flight.waiting[user];
      own.push_back(std::move(done));
      if (flight.running || own.size() > 1) return;
    }
    if (executor_.TryPost(user, [this, key, work = std::move(work)] { Run(key, work); })) return;
    const std::vector<Callback> callbacks = TakeOut(key, user);
    if (callbacks.empty()) return;
    const Result result = refused();
    for (const Callback& callback : callbacks) callback(result);
  }

 private:
  struct Flight {
    bool running = false;
    absl::flat_hash_map<uid_t, std::vector<Callback>> waiting;
  };

  void Run(const std::string& key, const std::function<Result()>& work) {
    {
      absl::MutexLock lock(&mutex_);
      const auto flight = flights_.find(key);
      // Another user's turn came first.
      if (flight == flights_.end() || flight->second.running) return;
      flight->second.running = true;
    }
    const Result result = work();
    Flight flight;
    {
      absl::MutexLock lock(&mutex_);
      flight = std::move(flights_[key]);
      flights_.erase(key);
    }
    for (const auto& [user, callbacks] : flight.waiting) {
      for (const Callback& callback : callbacks) callback(result);
    }
  }

  // Returns the callbacks of a user whose turn was refused. Empty if another turn took them.
  std::vector<Callback> TakeOut(const std::string& key, uid_t user) {
    absl::MutexLock lock(&mutex_);
    const auto flight = flights_.find(key);
    if (flight == flights_.end() || flight->second.running) return {};
    std::vector<Callback> callbacks = std::move(flight->second.waiting[user]);
    flight->second.waiting.erase(user);
    if (flight->second.waiting.empty()) flights_.erase(flight);
    return callbacks;
  }

  Executor& executor_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Flight> flights_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_SINGLE_FLIGHT_H_
