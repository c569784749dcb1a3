#include "tuner/search/candidate_order.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tuner/search/tuning_errors.h"

namespace tilewright {
namespace {

constexpr int kOrdersOfOneShape = 2;
constexpr std::size_t kOrdersOfALeader = 3;

const Template& TemplateOfRanked(const RankedVariant& ranked) {
  return **TemplateOf(ranked.variant);
}

// Returns text that is equal for variants that differ only in the order of their tiles, which have
// the same compiled code and the same split_k.
std::string KernelOf(const RankedVariant& ranked) {
  const Template& of = TemplateOfRanked(ranked);
  return absl::StrCat(std::string(of.name()), " ",
                      of.WithoutOrder(ranked.variant.config()).SerializeAsString());
}

// Returns text that is equal also for a kernel and its mirror image.
std::string ShapeOf(const RankedVariant& ranked) {
  const Template& of = TemplateOfRanked(ranked);
  return absl::StrCat(std::string(of.name()), " ",
                      of.WithoutMirror(ranked.variant.config()).SerializeAsString());
}

// One step along one parameter, which is named by its index.
struct Step {
  int parameter;
  int64_t change;
};

// Returns the step from one kernel to another, or nothing if more than one step is needed. Does
// not count orders and values that follow from the others.
std::optional<Step> StepBetween(const RankedVariant& from, const RankedVariant& to) {
  if (from.variant.template_name() != to.variant.template_name()) return std::nullopt;
  const std::vector<ParameterInfo>& infos = TemplateOfRanked(from).parameters();
  std::optional<Step> step;
  for (int i = 0; i < static_cast<int>(infos.size()); ++i) {
    const ParameterKind kind = infos[static_cast<std::size_t>(i)].kind;
    const int64_t change =
        to.variant.config().parameters(i).value() - from.variant.config().parameters(i).value();
    if (change == 0 || kind == ParameterKind::kFitted || kind == ParameterKind::kOrder) continue;
    if (step) return std::nullopt;
    step = Step{i, change};
  }
  return step;
}

// Returns the untried neighbours of one leader: first the other orders of its shape, then the
// shapes beside it. Each kind is sorted by rank. `shapes` has the shape of every variant.
std::vector<std::size_t> Neighbours(const std::vector<RankedVariant>& ranked,
                                    const std::vector<std::string>& shapes, std::size_t tried,
                                    const std::set<std::string>& tried_shapes, std::size_t leader) {
  std::vector<std::size_t> orders;
  // The nearest variant by parameter and direction.
  std::map<std::pair<int, bool>, std::pair<int64_t, std::size_t>> nearest;
  for (std::size_t i = tried; i < ranked.size(); ++i) {
    if (shapes[i] == shapes[leader]) {
      if (orders.size() < kOrdersOfALeader) orders.push_back(i);
      continue;
    }
    const auto step = StepBetween(ranked[leader], ranked[i]);
    if (!step || tried_shapes.contains(shapes[i])) continue;
    const std::pair found{std::abs(step->change), i};
    const auto [entry, inserted] =
        nearest.emplace(std::pair{step->parameter, step->change > 0}, found);
    if (!inserted) entry->second = std::min(entry->second, found);
  }
  for (const auto& [direction, found] : nearest) orders.push_back(found.second);
  return orders;
}

}  // namespace

void SpreadKernels(std::vector<RankedVariant>& ranked) {
  std::map<std::string, int> seen;
  std::vector<RankedVariant> first;
  std::vector<RankedVariant> rest;
  for (RankedVariant& variant : ranked) {
    const bool early = ++seen[ShapeOf(variant)] <= kOrdersOfOneShape;
    (early ? first : rest).push_back(std::move(variant));
  }
  first.insert(first.end(), std::make_move_iterator(rest.begin()),
               std::make_move_iterator(rest.end()));
  ranked = std::move(first);
}

std::size_t CountWithKernels(const std::vector<RankedVariant>& ranked, std::size_t count,
                             std::size_t kernels) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) {
    seen.insert(KernelOf(ranked[i]));
    if (seen.size() > kernels) return i;
  }
  return std::min(count, ranked.size());
}

std::vector<std::size_t> LocalMoves(const std::vector<RankedVariant>& ranked, std::size_t tried,
                                    const std::vector<std::size_t>& leaders, std::size_t count) {
  std::vector<std::string> shapes;
  for (const RankedVariant& variant : ranked) shapes.push_back(ShapeOf(variant));
  const std::set<std::string> tried_shapes(shapes.begin(),
                                           shapes.begin() + static_cast<std::ptrdiff_t>(tried));
  std::vector<std::vector<std::size_t>> neighbours;
  std::size_t most = 0;
  for (const std::size_t leader : leaders) {
    neighbours.push_back(Neighbours(ranked, shapes, tried, tried_shapes, leader));
    most = std::max(most, neighbours.back().size());
  }
  std::vector<std::size_t> moves;
  for (std::size_t turn = 0; turn < most; ++turn) {
    for (const std::vector<std::size_t>& of_one : neighbours) {
      if (turn >= of_one.size() || moves.size() >= count) continue;
      if (std::find(moves.begin(), moves.end(), of_one[turn]) == moves.end()) {
        moves.push_back(of_one[turn]);
      }
    }
  }
  return moves;
}

void SharePrecisions(const v1::Problem& problem, std::vector<RankedVariant>& ranked) {
  std::map<v1::Precision, int> turns;
  std::vector<std::pair<int, RankedVariant>> by_turn;
  for (RankedVariant& variant : ranked) {
    const int turn = turns[PrecisionOf(problem, variant.variant)]++;
    by_turn.emplace_back(turn, std::move(variant));
  }
  std::stable_sort(by_turn.begin(), by_turn.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(by_turn.begin(), by_turn.end(), ranked.begin(),
                 [](auto& entry) { return std::move(entry.second); });
}

void ShareEpilogues(std::vector<RankedVariant>& ranked) {
  constexpr std::size_t kShare = 8;
  // Positions in the ranking.
  std::vector<std::size_t> of_form[2];
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    of_form[SplitsEpilogue(ranked[i].variant)].push_back(i);
  }
  std::vector<RankedVariant> shared;
  std::size_t taken[2] = {};
  while (shared.size() < ranked.size()) {
    const auto has = [&](int form) { return taken[form] < of_form[form].size(); };
    const auto is_due = [&](int form) {
      return has(form) && taken[form] < (shared.size() + 1) / kShare;
    };
    const bool split_ranks_first =
        has(1) && (!has(0) || of_form[1][taken[1]] < of_form[0][taken[0]]);
    const int form = is_due(0) ? 0 : is_due(1) ? 1 : split_ranks_first ? 1 : 0;
    shared.push_back(std::move(ranked[of_form[form][taken[form]++]]));
  }
  ranked = std::move(shared);
}

void KeepProven(const v1::Problem& problem, std::vector<RankedVariant>& ranked) {
  const bool has_budget = ErrorBudgetOf(problem) > 0;
  std::erase_if(ranked, [&](const RankedVariant& variant) {
    return (has_budget && SplitsEpilogue(variant.variant)) ||
           !KeepsErrorBudget(problem, PrecisionOf(problem, variant.variant));
  });
}

void StartWarm(const v1::Problem& problem, const v1::Target& target, const WinnerIndex& index,
               std::vector<RankedVariant>& ranked) {
  IndexQuery query;
  query.problem = problem;
  query.silicon = target.silicon();
  query.environment = target.environment();
  const IndexHit hit = index.Find(query);
  if (hit.winner == nullptr || !hit.winner->kernel.has_variant()) return;
  const v1::Variant& won = hit.winner->kernel.variant();
  const std::string config = won.config().SerializeAsString();
  const auto found = std::find_if(ranked.begin(), ranked.end(), [&](const RankedVariant& one) {
    return one.variant.template_name() == won.template_name() &&
           one.variant.config().SerializeAsString() == config;
  });
  if (found != ranked.end()) std::rotate(ranked.begin(), found, found + 1);
}

}  // namespace tilewright
