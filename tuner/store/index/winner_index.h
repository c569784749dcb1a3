#ifndef TILEWRIGHT_TUNER_STORE_INDEX_WINNER_INDEX_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_WINNER_INDEX_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct IndexQuery {
  v1::Problem problem;  // Canonical.
  v1::Silicon silicon;
  v1::Environment environment;
  int64_t pinned_epoch = 0;         // 0: newest.
  std::string pinned_content_hash;  // Empty: any.
};

struct IndexHit {
  std::shared_ptr<const StoredWinner> winner;
  v1::Match match = v1::MATCH_UNSPECIFIED;
};

// All winners in memory, for look-ups. Thread-safe. Look-ups wait for writers no longer than for a
// pointer swap or a map insert.
class WinnerIndex {
 public:
  WinnerIndex();
  ~WinnerIndex();

  // Hold this while you put winners into a store and then here. So epochs come here in their order,
  // and what was looked up before a put still holds.
  absl::Mutex& publishing() ABSL_LOCK_RETURNED(publishing_) { return publishing_; }

  absl::Status Load(TuningStore& store);
  void Insert(StoredWinner winner);
  // From now on the kernel is no answer on that silicon, for one problem or for all.
  void Quarantine(const QuarantineEntry& entry);
  // What the store removed is no answer any more. Pins know it.
  void Remove(const Removed& removed);
  // A winner that could not be stored for the problem and target of `winner`, and so has no epoch,
  // is no answer any more. Returns whether there was one.
  bool RemoveUnstored(const StoredWinner& winner);
  // Replaces the winner of the same epoch, which says less.
  void Replace(StoredWinner winner);
  // Sets whether imports from `signer` (its fingerprint) may be answers. At first, only signers in
  // the store are trusted.
  void SetTrusted(std::string_view signer, bool trusted);
  bool IsTrusted(std::string_view signer) const;

  // Returns the best answer, in this order; a null winner if there is none:
  //   EXACT              this problem on this target, measured
  //   OTHER_ENVIRONMENT  this problem on this silicon, measured
  //   SIMILAR_SILICON    this problem on the same compute capability, measured
  //   PREDICTED          any of the three, ranked by the model alone
  //   NEAREST_PROBLEM    another shape, least distance in log m, n, k, batch; requirements hold;
  //                      with an error budget, k is no larger than the winner's
  // A vendor's algorithm serves only the silicon and the problem that it was timed on. Elsewhere,
  // and for a pinned content hash, its TemplateWinner serves.
  IndexHit Find(const IndexQuery& query) const;

  // Returns whether a winner for this problem and target is stored but is no answer because nobody
  // trusts its signer.
  bool IsDistrusted(const IndexQuery& query) const;

  // Returns the epoch of the served winner of each (problem, target).
  std::vector<int64_t> ServedEpochs() const;

  // Returns whether an earlier answer to a pinned `query` may have been removed or is not trusted
  // any more. Then `hit`, which Find gives now, may be another answer. If in doubt, returns true.
  bool MayBePruned(const IndexQuery& query, const IndexHit& hit) const;

  // Visits the winners of each (problem, target), newest first, also those that are not served.
  void ForEachTarget(
      const std::function<void(const std::vector<std::shared_ptr<const StoredWinner>>&)>& visit)
      const;

  // Returns the newest winner of each (problem, target), newest first, from `offset` on.
  std::vector<std::shared_ptr<const StoredWinner>> List(std::size_t offset,
                                                        std::size_t limit) const;

  // Returns the newest epoch; 0 if nothing is stored. All winners up to it are here.
  int64_t epoch() const;
  // Grows with every change that may change an answer: new and removed winners, kernels in
  // quarantine, signers.
  int64_t version() const;
  // Counts the (problem, target) pairs that have a winner. List goes through them.
  std::size_t size() const;

 private:
  absl::Mutex publishing_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_WINNER_INDEX_H_
