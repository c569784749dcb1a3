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

// Winners that are served and could not be stored say so in their reason: it goes wherever the
// winner goes, to callers that find it in the index later too.
void MarkUnstored(const absl::Status& cause, v1::Winner& winner);

// Why the winner is not stored; empty where it is, which its epoch tells.
std::string WhyUnstored(const v1::Winner& winner);

// Finished tunings that are served and could not be stored, as on a full disk: kept, with their
// kernels, until they can be. The oldest go where there are too many; they are served on, and found
// again by a tuning. Owned by the tuner; thread-safe.
class UnstoredWinners {
 public:
  explicit UnstoredWinners(std::size_t max_kept) : max_kept_(max_kept) {}

  // Takes the place of an earlier one of the same problem and target.
  void Keep(TuningRecord record, std::string cubin);

  // Drops what is kept for the problem and the target of `winner`: a newer one was stored, or it is
  // to be forgotten.
  void Forget(const StoredWinner& winner);

  std::optional<std::string> FindCubin(const std::string& content_hash);

  // Stores what can be stored, oldest first, and serves it as stored from then on. The first
  // failure ends it, as the next one would fail alike; one that can never be stored is dropped.
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
