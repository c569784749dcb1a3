#ifndef TILEWRIGHT_SERVER_TUNING_REVALIDATION_QUEUE_H_
#define TILEWRIGHT_SERVER_TUNING_REVALIDATION_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "tuner/search/tune_request.h"

namespace tilewright {

// Queues served winners for a new measurement: imported ones, and those for which other templates
// would compete today. They wait for an idle GPU, and each is measured once. Owned by DaemonServer;
// thread-safe.
class RevalidationQueue {
 public:
  struct Collaborators {
    // Returns whether the answer for the request still needs the measurement.
    std::function<bool(const TuneRequest&)> is_needed;
    // Returns whether nothing is queued or under way for the GPU.
    std::function<bool(int device_ordinal)> is_idle;
    // Tunes in the background. Returns false if that is refused for now: the request waits on.
    std::function<bool(const TuneRequest&)> tune;
  };

  explicit RevalidationQueue(Collaborators with) : with_(std::move(with)) {}

  // Ignores a request that has no GPU or waits already. Also ignores it beyond kMaxWaiting: the
  // next look-up that is not answered from cached bytes asks again.
  void Add(const TuneRequest& request);

  // Starts at most one request on each idle GPU. Called periodically.
  void Pump();

  std::size_t waiting() const;

  static constexpr std::size_t kMaxWaiting = 4096;

 private:
  static std::string KeyOf(const TuneRequest& request);

  const Collaborators with_;
  mutable absl::Mutex mutex_;
  std::deque<TuneRequest> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> keys_ ABSL_GUARDED_BY(mutex_);  // Keys of waiting_.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_REVALIDATION_QUEUE_H_
