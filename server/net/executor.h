#ifndef TILEWRIGHT_SERVER_NET_EXECUTOR_H_
#define TILEWRIGHT_SERVER_NET_EXECUTOR_H_

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "server/net/shared_limit.h"

namespace tilewright {

// Threads for blocking work (disk, compiles), so that gRPC's threads never block. Serves users in
// turn and always leaves a quarter of the queue to others. Any thread may post. Owned by
// DaemonServer.
class Executor {
 public:
  Executor(const std::string& name, int threads, std::size_t max_queue);
  ~Executor();  // Same as Stop.
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Returns false and drops the work if the queue is full, if `user` has three quarters of it, or
  // if the executor has stopped.
  [[nodiscard]] bool TryPost(uid_t user, std::function<void()> work);

  // Queues work that must run, such as the rest of something already begun for `user`. It takes no
  // room in the queue. Runs on the calling thread if the executor has stopped.
  void Post(uid_t user, std::function<void()> work);

  // Returns how much work is queued or under way.
  std::size_t pending() const;

  // Finishes the queued work and joins the threads.
  void Stop();

 private:
  struct Work {
    std::function<void()> run;
    SharedLimit::Place place;  // Not held if the work takes no room in the queue.
  };

  void Push(uid_t user, Work work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::function<void()> Pop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  SharedLimit room_;
  mutable absl::Mutex mutex_;
  // The waiting work of each user, and the order of the users' turns.
  absl::flat_hash_map<uid_t, std::deque<Work>> queues_ ABSL_GUARDED_BY(mutex_);
  std::deque<uid_t> turns_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_EXECUTOR_H_
