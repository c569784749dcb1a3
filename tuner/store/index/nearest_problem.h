#ifndef TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "proto/problem/family.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_nodes.h"

namespace tilewright {

// What a kernel is looked for.
struct NearestQuery {
  const v1::Problem& problem;  // Canonical.
  int compute_capability = 0;
  const SiliconNode* silicon = nullptr;          // Null: none stored is the same.
  std::string silicon_key;                       // Empty: no kernel is quarantined.
  std::string problem_key;                       // The same.
  const EnvironmentNode* environment = nullptr;  // The same.
  int64_t newest_epoch = 0;                      // Later winners do not exist for it.
};

// Finds the winner whose problem is nearest: the Euclidean distance in log2 of m, n, k and
// batch, in doublings. Two things push a winner away by one doubling each: another
// silicon of the same compute capability, and never having been run. A factor of two in one
// dimension seldom changes the tile shape that is best, and neither does a sibling GPU.
// Ties go to the same environment, then to the newer winner, so that the answer depends on
// what is stored alone. For one look-up on one thread.
class NearestSearch {
 public:
  explicit NearestSearch(const NearestQuery& query);

  // The nearest among problems that are alike but for their shape, whose kernel may serve the
  // problem; null where there is none.
  const WinnerNode* AmongShapes(const ShapelessNode& shapeless);
  // The nearest among the winners of one kernel.
  const WinnerNode* OfKernel(const KernelNode& kernel, const ShapelessNode& shapeless);

 private:
  struct Best {
    float distance = 0;
    bool same_environment = false;
    const WinnerNode* winner = nullptr;
  };

  float SquaredShapeDistance(const ShapeLogs& logs) const;
  void Consider(const WinnerNode& winner, float shape_distance);
  bool KeepsErrorBudget(const WinnerNode& winner) const;
  bool MayServe(const WinnerNode& winner);

  const NearestQuery query_;
  const ShapeLogs logs_;
  Best best_;
  // Winners share few sets of requirements, so each is checked once.
  absl::flat_hash_map<const v1::Requirements*, bool> holds_;
};

// The newest winner of `target` that exists for `newest_epoch` and was not removed; null where
// there is none.
const WinnerNode* NewestUpTo(const TargetNode& target, int64_t newest_epoch);

// log2 of m, n, k and batch.
ShapeLogs LogsOf(const ProblemShape& shape);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_
