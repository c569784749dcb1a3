#ifndef TILEWRIGHT_TUNER_SEARCH_UNSTORED_WINNERS_H_
#define TILEWRIGHT_TUNER_SEARCH_UNSTORED_WINNERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Enters `cause` in the reason of a winner that is served but could not be stored. The reason goes
// with the winner, so callers that find it in the index later see it too.
void MarkUnstored(const absl::Status& cause, v1::Winner& winner);

// Returns why the winner is not stored, or an empty text if its epoch says that it is.
std::string WhyUnstored(const v1::Winner& winner);

// Keeps finished tunings that are served but could not be stored (the disk may be full), with their
// kernels, until they can be. Drops the oldest if there are too many; those are still served, and a
// tuning finds them again. Owned by the tuner; thread-safe.
class UnstoredWinners {
 public:
  explicit UnstoredWinners(std::size_t max_kept) : max_kept_(max_kept) {}

  // Replaces an earlier record of the same problem and target.
  void Keep(TuningRecord record, std::string cubin);

  // Drops the record of the problem and the target of `winner`: a newer one was stored, or it must
  // be forgotten.
  void Forget(const StoredWinner& winner);

  std::optional<std::string> FindCubin(const std::string& content_hash);

  // Stores the records, oldest first, and serves them as stored from then on. Stops at the first
  // failure, as the next one would fail too. Drops a record that can never be stored.
  absl::Status StoreAll(TuningStore& store, WinnerIndex& index);

  std::size_t size() const;

 private:
  struct Kept {
    std::int64_t id = 0;
    TuningRecord record;
    std::string cubin;  // Empty for a vendor's algorithm without a template beside it.
  };

  void Remove(const StoredWinner& winner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t max_kept_;
  mutable absl::Mutex mutex_;
  std::int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_UNSTORED_WINNERS_H_
