#ifndef TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "proto/problem/family.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_nodes.h"

namespace tilewright {

// A search for a kernel.
struct NearestQuery {
  const v1::Problem& problem;  // Canonical.
  int compute_capability = 0;
  const SiliconNode* silicon = nullptr;          // Null: none stored is the same.
  std::string silicon_key;                       // Empty: no kernel is quarantined.
  std::string problem_key;                       // The same.
  const EnvironmentNode* environment = nullptr;  // Null: none stored is the same.
  int64_t newest_epoch = 0;                      // The search ignores later winners.
};

// Finds the winner with the nearest problem. The distance is Euclidean in log2 of m, n, k and
// batch, so its unit is a doubling. Two things add one doubling each: another silicon of the same
// compute capability, and a winner that was never run. A factor of two in one dimension seldom
// changes the best tile shape, and neither does a sibling GPU. Ties go to the same environment,
// then to the newer winner, so the answer depends only on the stored winners. For one look-up on
// one thread.
class NearestSearch {
 public:
  explicit NearestSearch(const NearestQuery& query);

  // Returns the nearest winner among problems that differ only in shape and whose kernel may serve
  // this problem; null if there is none.
  const WinnerNode* AmongShapes(const ShapelessNode& shapeless);
  // Returns the nearest among the winners of one kernel.
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

// Returns the newest winner of `target` that is not later than `newest_epoch` and was not removed;
// null if there is none.
const WinnerNode* NewestUpTo(const TargetNode& target, int64_t newest_epoch);

// Returns log2 of m, n, k and batch.
ShapeLogs LogsOf(const ProblemShape& shape);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_NEAREST_PROBLEM_H_
