#include "tuner/store/index/nearest_problem.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>

#include "proto/problem/problem.h"

namespace tilewright {
namespace {

constexpr float kOtherSiliconDistance = 1;
constexpr float kNotMeasuredDistance = 1;

constexpr std::size_t kDepth = 2;  // The place of k in ShapeLogs.

float Log2(int64_t extent) { return std::log2(static_cast<float>(std::max<int64_t>(extent, 1))); }

}  // namespace

ShapeLogs LogsOf(const ProblemShape& shape) {
  return {Log2(shape.m), Log2(shape.n), Log2(shape.k), Log2(shape.batch)};
}

const WinnerNode* NewestUpTo(const TargetNode& target, int64_t newest_epoch) {
  const WinnerNode* winner = target.newest.load(std::memory_order_acquire);
  while (winner != nullptr &&
         (winner->epoch > newest_epoch || winner->removed.load(std::memory_order_acquire))) {
    winner = winner->older.load(std::memory_order_acquire);
  }
  return winner;
}

NearestSearch::NearestSearch(const NearestQuery& query)
    : query_(query), logs_(LogsOf(FamilyOf(query.problem).ShapeOf(query.problem))) {}

float NearestSearch::SquaredShapeDistance(const ShapeLogs& logs) const {
  float sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    sum += (logs[i] - logs_[i]) * (logs[i] - logs_[i]);
  }
  return sum;
}

// Errors grow with k or stay, so a winner keeps its measured budget for a k that is no larger.
bool NearestSearch::KeepsErrorBudget(const WinnerNode& winner) const {
  return ErrorBudgetOf(query_.problem) <= 0 ||
         logs_[kDepth] <= winner.target->problem->logs[kDepth];
}

bool NearestSearch::MayServe(const WinnerNode& winner) {
  if (winner.requirements == nullptr ||
      winner.target->silicon->compute_capability != query_.compute_capability) {
    return false;
  }
  if (!winner.IsServed() || !KeepsErrorBudget(winner) ||
      winner.kernel->FailedOn(query_.silicon_key, query_.problem_key)) {
    return false;
  }
  const auto [known, is_new] = holds_.try_emplace(winner.requirements, false);
  if (is_new) known->second = RequirementsHold(*winner.requirements, query_.problem);
  return known->second;
}

void NearestSearch::Consider(const WinnerNode& winner, float shape_distance) {
  Best candidate;
  candidate.winner = &winner;
  candidate.same_environment = winner.target->environment == query_.environment;
  candidate.distance = shape_distance +
                       (winner.target->silicon == query_.silicon ? 0 : kOtherSiliconDistance) +
                       (winner.measured ? 0 : kNotMeasuredDistance);
  const auto order = [](const Best& best) {
    return std::tuple(best.distance, !best.same_environment, -best.winner->epoch);
  };
  if (best_.winner != nullptr && order(best_) <= order(candidate)) return;
  if (MayServe(winner)) best_ = candidate;
}

const WinnerNode* NearestSearch::AmongShapes(const ShapelessNode& shapeless) {
  // Most problems are farther away than the best so far. Their squares show it without a root. The
  // margin is many times the rounding error of a square, so no tie is missed.
  float reach = std::numeric_limits<float>::infinity();
  shapeless.problems.ForEach([&](const ProblemOfShape& entry) {
    const float squared = SquaredShapeDistance(entry.logs);
    if (squared > reach) return;
    const float distance = std::sqrt(squared);
    for (const TargetNode* target = entry.problem->targets.load(std::memory_order_acquire);
         target != nullptr; target = target->next) {
      if (const WinnerNode* winner = NewestUpTo(*target, query_.newest_epoch)) {
        Consider(*winner, distance);
      }
    }
    if (best_.winner != nullptr) reach = best_.distance * best_.distance * 1.00001F;
  });
  return best_.winner;
}

const WinnerNode* NearestSearch::OfKernel(const KernelNode& kernel,
                                          const ShapelessNode& shapeless) {
  kernel.winners.ForEach([&](const WinnerNode* winner) {
    if (winner->epoch > query_.newest_epoch || winner->target->problem->shapeless != &shapeless)
      return;
    Consider(*winner, std::sqrt(SquaredShapeDistance(winner->target->problem->logs)));
  });
  return best_.winner;
}

}  // namespace tilewright
