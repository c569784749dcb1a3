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

// Winners that are served and are to be measured again: imported ones, and those for which other
// templates would compete today. They wait until their GPU has nothing else to do, and each is
// measured once. Owned by DaemonServer; thread-safe.
class RevalidationQueue {
 public:
  struct Collaborators {
    // Whether the answer for the request still asks for it.
    std::function<bool(const TuneRequest&)> is_needed;
    // Whether nothing is queued or under way for the GPU.
    std::function<bool(int device_ordinal)> is_idle;
    // Tunes in the background; false where that is refused for now: the request waits on.
    std::function<bool(const TuneRequest&)> tune;
  };

  explicit RevalidationQueue(Collaborators with) : with_(std::move(with)) {}

  // A request without a GPU is left out, as is one that waits already. Beyond kMaxWaiting it is
  // left out too: the next look-up that the daemon does not know by heart asks again.
  void Add(const TuneRequest& request);

  // Starts at most one on each idle GPU. Called again and again.
  void Pump();

  std::size_t waiting() const;

  static constexpr std::size_t kMaxWaiting = 4096;

 private:
  static std::string KeyOf(const TuneRequest& request);

  const Collaborators with_;
  mutable absl::Mutex mutex_;
  std::deque<TuneRequest> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> keys_ ABSL_GUARDED_BY(mutex_);  // Of those.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_REVALIDATION_QUEUE_H_
