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

// A few threads for work that blocks (disk, compiles), so that gRPC's threads never do. Users are
// served in turn, and a quarter of the queue is always left for others. Any thread may post. Owned
// by DaemonServer.
class Executor {
 public:
  Executor(const std::string& name, int threads, std::size_t max_queue);
  ~Executor();  // As Stop.
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False, and the work is dropped, where the queue is full, `user` has three quarters of it, or
  // the executor has stopped.
  [[nodiscard]] bool TryPost(uid_t user, std::function<void()> work);

  // For work that must be done whatever the queue, the rest of something of `user` already begun:
  // it takes no room there. Runs it on the calling thread where the executor has stopped.
  void Post(uid_t user, std::function<void()> work);

  // Work that is queued or under way.
  std::size_t pending() const;

  // Finishes what is queued and joins the threads.
  void Stop();

 private:
  struct Work {
    std::function<void()> run;
    SharedLimit::Place place;  // In the queue; not held by what takes no room there.
  };

  void Push(uid_t user, Work work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::function<void()> Pop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  SharedLimit room_;
  mutable absl::Mutex mutex_;
  // Of users with work that waits: that work, and the users in the order of their turns.
  absl::flat_hash_map<uid_t, std::deque<Work>> queues_ ABSL_GUARDED_BY(mutex_);
  std::deque<uid_t> turns_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_EXECUTOR_H_
