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

// All winners in memory: what look-ups are served from. Thread-safe; look-ups never
// block on writers for longer than a pointer swap or a map insert.
class WinnerIndex {
 public:
  WinnerIndex();
  ~WinnerIndex();

  // Held by whoever puts winners into a store and then here, over both steps: epochs come
  // here in their order, and what was looked up before a put still holds.
  absl::Mutex& publishing() ABSL_LOCK_RETURNED(publishing_) { return publishing_; }

  absl::Status Load(TuningStore& store);
  void Insert(StoredWinner winner);
  // From now on the kernel is no answer on the silicon it failed on, be it for one problem.
  void Quarantine(const QuarantineEntry& entry);
  // What the store removed is no answer any more; pins know it.
  void Remove(const Removed& removed);
  // What could not be stored for the problem and the target of `winner`, and has no epoch, is no
  // answer any more. Whether there was something.
  bool RemoveUnstored(const StoredWinner& winner);
  // In the place of the winner of the same epoch, which says less.
  void Replace(StoredWinner winner);
  // Whether what was imported from `signer` (its fingerprint) is an answer. At first only signers
  // that the store has are trusted.
  void SetTrusted(std::string_view signer, bool trusted);
  bool IsTrusted(std::string_view signer) const;

  // The best answer, in this order; a null winner where there is none:
  //   EXACT              this problem on this target, measured
  //   OTHER_ENVIRONMENT  this problem on this silicon, measured
  //   SIMILAR_SILICON    this problem on the same compute capability, measured
  //   PREDICTED          any of the three, ranked by the model alone
  //   NEAREST_PROBLEM    alike but for its shape, least distance in log m, n, k, batch,
  //   requirements hold;
  //                      with an error budget k no larger than the winner's
  // A vendor's algorithm is only served on the silicon and for the problem it was timed on;
  // elsewhere, and to a pinned content hash, its TemplateWinner is.
  IndexHit Find(const IndexQuery& query) const;

  // Whether a winner for this very problem and target is stored, and no answer, since nobody trusts
  // its signer.
  bool IsDistrusted(const IndexQuery& query) const;

  // The epoch of the winner that each (problem, target) serves.
  std::vector<int64_t> ServedEpochs() const;

  // Whether what answered a pinned `query` once may have been removed, or is not trusted any more,
  // so that `hit`, which Find gives now, may be another answer. Errs on that side.
  bool MayBePruned(const IndexQuery& query, const IndexHit& hit) const;

  // The winners of each (problem, target), newest first; those that are not served too.
  void ForEachTarget(
      const std::function<void(const std::vector<std::shared_ptr<const StoredWinner>>&)>& visit)
      const;

  // Newest winner of each (problem, target), newest first, from `offset` on.
  std::vector<std::shared_ptr<const StoredWinner>> List(std::size_t offset,
                                                        std::size_t limit) const;

  // The newest epoch; 0 where nothing is stored. All winners up to it are here.
  int64_t epoch() const;
  // Grows with everything that may change an answer: winners that come and go, kernels in
  // quarantine, signers.
  int64_t version() const;
  // How many (problem, target) pairs have a winner: what List goes through.
  std::size_t size() const;

 private:
  absl::Mutex publishing_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_WINNER_INDEX_H_
