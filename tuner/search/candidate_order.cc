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

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/problem/precision.h"
#include "proto/problem/problem.h"
#include "proto/support/variant.h"
#include "tuner/search/tuning_errors.h"

namespace tilewright {
namespace {

constexpr int kOrdersOfOneShape = 2;
constexpr std::size_t kOrdersOfALeader = 3;

// A variant without the order of its tiles: what is compiled, but for split_k.
v1::Variant KernelOf(const v1::Variant& variant) {
  v1::Variant kernel;
  kernel.set_template_name(variant.template_name());
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    if (!absl::StartsWith(parameter.name(), "raster_")) {
      *kernel.mutable_config()->add_parameters() = parameter;
    }
  }
  return kernel;
}

// The same for a kernel and its mirror image, which computes the transpose: what is m of one is n
// of the other, and swap_ab differs. The tensor core does the same work for both.
std::string ShapeOf(const v1::Variant& variant) {
  v1::Variant shape = KernelOf(variant);
  std::map<std::string, v1::Parameter*> by_name;
  for (v1::Parameter& parameter : *shape.mutable_config()->mutable_parameters()) {
    by_name[parameter.name()] = &parameter;
  }
  const auto swap_ab = by_name.find("swap_ab");
  if (swap_ab != by_name.end() && swap_ab->second->value() != 0) {
    for (const char* along : {"tile_", "cluster_"}) {
      v1::Parameter& m = *by_name.at(absl::StrCat(along, "m"));
      v1::Parameter& n = *by_name.at(absl::StrCat(along, "n"));
      const int64_t value = m.value();
      m.set_value(n.value());
      n.set_value(value);
    }
    swap_ab->second->set_value(0);
  }
  return shape.SerializeAsString();
}

// One step along one parameter.
struct Step {
  std::string parameter;
  int64_t change;
};

// How to get from one kernel to another one: nothing where that takes more than one step.
std::optional<Step> StepBetween(const v1::Variant& from, const v1::Variant& to) {
  if (from.template_name() != to.template_name() ||
      from.config().parameters_size() != to.config().parameters_size()) {
    return std::nullopt;
  }
  std::optional<Step> step;
  for (int i = 0; i < from.config().parameters_size(); ++i) {
    const v1::Parameter& here = from.config().parameters(i);
    const v1::Parameter& there = to.config().parameters(i);
    if (here.value() == there.value() || here.name() == "stages" ||
        absl::StartsWith(here.name(), "raster_")) {
      continue;
    }
    if (step) return std::nullopt;
    step = Step{here.name(), there.value() - here.value()};
  }
  return step;
}

// The neighbours of one leader among the variants that were not tried, best ranked first within
// each kind: the other orders of its shape, then the shapes beside it. `shapes`: of all.
std::vector<std::size_t> Neighbours(const std::vector<RankedVariant>& ranked,
                                    const std::vector<std::string>& shapes, std::size_t tried,
                                    const std::set<std::string>& tried_shapes, std::size_t leader) {
  const v1::Variant& centre = ranked[leader].variant;
  std::vector<std::size_t> orders;
  // By parameter and direction: the nearest.
  std::map<std::pair<std::string, bool>, std::pair<int64_t, std::size_t>> nearest;
  for (std::size_t i = tried; i < ranked.size(); ++i) {
    if (shapes[i] == shapes[leader]) {
      if (orders.size() < kOrdersOfALeader) orders.push_back(i);
      continue;
    }
    const auto step = StepBetween(centre, ranked[i].variant);
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
    const bool early = ++seen[ShapeOf(variant.variant)] <= kOrdersOfOneShape;
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
    seen.insert(KernelOf(ranked[i].variant).SerializeAsString());
    if (seen.size() > kernels) return i;
  }
  return std::min(count, ranked.size());
}

std::vector<std::size_t> LocalMoves(const std::vector<RankedVariant>& ranked, std::size_t tried,
                                    const std::vector<std::size_t>& leaders, std::size_t count) {
  std::vector<std::string> shapes;
  for (const RankedVariant& variant : ranked) shapes.push_back(ShapeOf(variant.variant));
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
    const int turn = turns[PrecisionOf(problem.gemm(), variant.variant)]++;
    by_turn.emplace_back(turn, std::move(variant));
  }
  std::stable_sort(by_turn.begin(), by_turn.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(by_turn.begin(), by_turn.end(), ranked.begin(),
                 [](auto& entry) { return std::move(entry.second); });
}

void ShareEpilogues(std::vector<RankedVariant>& ranked) {
  constexpr std::size_t kShare = 8;
  // Places in the ranking.
  std::vector<std::size_t> of_form[2];
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    of_form[IsSplit(ranked[i].variant)].push_back(i);
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
    return (has_budget && IsSplit(variant.variant)) ||
           !KeepsErrorBudget(problem, PrecisionOf(problem.gemm(), variant.variant));
  });
}

}  // namespace tilewright
