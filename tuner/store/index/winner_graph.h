#ifndef TILEWRIGHT_TUNER_STORE_INDEX_WINNER_GRAPH_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_WINNER_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "tuner/store/index/append_only_list.h"
#include "tuner/store/index/published_table.h"
#include "tuner/store/index/winner_nodes.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// All winners, as nodes that point to each other. Any thread may use the Find functions and
// `targets` while Add runs; they take no lock. Owned by WinnerIndex.
class WinnerGraph {
 public:
  // `parsed`: the same winner if the caller has it, or null. Returns false if it cannot be read.
  bool Add(const PackedWinner& view, std::shared_ptr<const StoredWinner> parsed);

  // The kernel failed on the silicon. It is not an answer there any more.
  void Quarantine(const QuarantineEntry& entry);

  // The newest epoch is at least this one; its winner was removed.
  void RaiseEpoch(int64_t epoch);

  // The winners of these epochs are not answers any more.
  void Remove(const std::vector<int64_t>& epochs);

  // Winners without an epoch, for exactly this problem and target, are not answers any more.
  // Returns whether there were any.
  bool RemoveUnstored(std::string_view problem_encoding, std::string_view silicon_key,
                      std::string_view environment_key);

  // Sets whether winners signed by `signer` may be answers.
  void SetTrusted(std::string_view signer, bool trusted);
  bool IsTrusted(std::string_view signer) const;

  // Finds a node by the text that its key is made from, compared in full; null if there is none.
  const ProblemNode* FindProblem(std::string_view encoding) const;
  const ShapelessNode* FindShapeless(std::string_view shapeless_key) const;
  const KernelNode* FindKernel(std::string_view content_hash) const;
  const SiliconNode* FindSilicon(std::string_view encoding) const;
  const EnvironmentNode* FindEnvironment(std::string_view encoding) const;

  const AppendOnlyList<const TargetNode*>& targets() const { return targets_; }
  int64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  int64_t quarantined() const { return quarantined_.load(std::memory_order_acquire); }
  // Grows with every change that may change an answer.
  int64_t version() const { return version_.load(std::memory_order_acquire); }
  // Counts the targets that have a winner.
  int64_t live_targets() const { return live_targets_.load(std::memory_order_acquire); }

 private:
  bool InternTarget(const PackedWinner& view, const StoredWinner* parsed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Call this after a winner of `target` was added or removed.
  void NoteNewest(const TargetNode& target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ShapelessNode* ShapelessFor(std::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ProblemNode* ProblemFor(const PackedWinner& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TargetNode* TargetFor(const PackedWinner& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const SignerNode* SignerFor(std::string_view signer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  KernelNode* KernelFor(std::string_view hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const v1::Requirements* RequirementsFor(std::string_view bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  PublishedTable<ProblemNode> problems_;
  PublishedTable<ShapelessNode> shapeless_;
  PublishedTable<KernelNode> kernels_;
  PublishedTable<SiliconNode> silicons_;
  PublishedTable<EnvironmentNode> environments_;
  AppendOnlyList<const TargetNode*> targets_;
  std::atomic<int64_t> epoch_{0};
  std::atomic<int64_t> quarantined_{0};
  std::atomic<int64_t> version_{0};
  std::atomic<int64_t> live_targets_{0};

  // Held by writers, one at a time.
  mutable absl::Mutex mutex_;
  std::deque<ProblemNode> problem_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<ShapelessNode> shapeless_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<KernelNode> kernel_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<SiliconNode> silicon_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<EnvironmentNode> environment_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<TargetNode> target_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<QuarantineNode> quarantine_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<WinnerNode> winner_nodes_ ABSL_GUARDED_BY(mutex_);
  std::deque<SignerNode> signer_nodes_ ABSL_GUARDED_BY(mutex_);  // Only a few.
  absl::flat_hash_map<std::string, const SiliconNode*> silicon_of_key_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, const EnvironmentNode*> environment_of_key_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<const v1::Requirements>> requirements_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_WINNER_GRAPH_H_
