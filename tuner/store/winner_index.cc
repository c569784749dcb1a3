#include "tuner/store/winner_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <string_view>
#include <utility>

#include <xxhash.h>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "spdlog/spdlog.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/store/nearest_problem.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/published_table.h"
#include "tuner/store/winner_nodes.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

std::uint64_t HashOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

float Log2(int64_t extent) {
  return std::log2(static_cast<float>(std::max<int64_t>(extent, 1)));
}

// EXACT, OTHER_ENVIRONMENT, SIMILAR_SILICON as 0, 1, 2; PREDICTED above them.
constexpr int kPredictedRank = 3;
constexpr int kNoRank = 100;

int RankOf(const TargetNode& target, const WinnerNode& winner, const IndexQuery& query,
           const SiliconNode* silicon, const EnvironmentNode* environment) {
  int rank = winner.measured ? 0 : kPredictedRank;
  if (target.silicon == silicon) return rank + (target.environment == environment ? 0 : 1);
  const bool similar =
      target.silicon->compute_capability == query.silicon.compute_capability();
  return similar && winner.kernel != nullptr ? rank + 2 : kNoRank;
}

v1::Match MatchOf(int rank) {
  switch (rank) {
    case 0:
      return v1::MATCH_EXACT;
    case 1:
      return v1::MATCH_OTHER_ENVIRONMENT;
    case 2:
      return v1::MATCH_SIMILAR_SILICON;
    default:
      return v1::MATCH_PREDICTED;
  }
}

}  // namespace

struct WinnerIndex::Impl {
  // Look-ups: no lock.
  PublishedTable<ProblemNode> problems;
  PublishedTable<FamilyNode> families;
  PublishedTable<KernelNode> kernels;
  PublishedTable<SiliconNode> silicons;
  PublishedTable<EnvironmentNode> environments;
  AppendOnlyList<const TargetNode*> targets;
  std::atomic<int64_t> epoch{0};

  // Writers, one at a time.
  absl::Mutex mutex;
  std::deque<ProblemNode> problem_nodes ABSL_GUARDED_BY(mutex);
  std::deque<FamilyNode> family_nodes ABSL_GUARDED_BY(mutex);
  std::deque<KernelNode> kernel_nodes ABSL_GUARDED_BY(mutex);
  std::deque<SiliconNode> silicon_nodes ABSL_GUARDED_BY(mutex);
  std::deque<EnvironmentNode> environment_nodes ABSL_GUARDED_BY(mutex);
  std::deque<TargetNode> target_nodes ABSL_GUARDED_BY(mutex);
  std::deque<WinnerNode> winner_nodes ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, SiliconNode*> silicon_of_key ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, EnvironmentNode*> environment_of_key ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, std::unique_ptr<v1::Requirements>> requirements
      ABSL_GUARDED_BY(mutex);

  void Add(const PackedWinner& view, std::shared_ptr<const StoredWinner> parsed);
  ProblemNode* ProblemFor(const PackedWinner& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  FamilyNode* FamilyFor(std::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  KernelNode* KernelFor(std::string_view hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool InternTarget(const PackedWinner& view, const StoredWinner* parsed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  TargetNode* TargetFor(ProblemNode* problem, const PackedWinner& view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  const v1::Requirements* RequirementsFor(std::string_view bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
};
