#include "client/cli/output/precision_frontier.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/format.h"
#include "client/cli/problems/enum_names.h"

namespace tilewright::cli {
namespace {

// The seconds are 0 if the candidate says nothing about its precision: it failed or was wrong.
PrecisionPoint PointOf(const v1::Candidate& candidate, double budget) {
  PrecisionPoint point;
  point.precision = candidate.precision();
  point.kernel = DescribeCandidate(candidate);
  if (candidate.has_measurement()) {
    point.is_measured = true;
    point.seconds = candidate.measurement().median_seconds();
    point.relative_error = candidate.measurement().relative_error();
  } else if (candidate.failure().kind() == v1::FAILURE_KIND_OVER_ERROR_BUDGET) {
    point.seconds = candidate.checked_seconds();
    point.relative_error = candidate.relative_error();
  }
  point.within_budget = budget <= 0 || point.relative_error <= budget;
  return point;
}

// A median tells more than one launch. Among equals the faster one counts.
bool TellsMore(const PrecisionPoint& a, const PrecisionPoint& b) {
  return a.is_measured != b.is_measured ? a.is_measured : a.seconds < b.seconds;
}

bool Dominates(const PrecisionPoint& a, const PrecisionPoint& b) {
  return a.seconds <= b.seconds && a.relative_error <= b.relative_error &&
         (a.seconds < b.seconds || a.relative_error < b.relative_error);
}

std::string Marked(const PrecisionPoint& point, const std::string& figure) {
  return point.is_measured ? figure : absl::StrCat("~", figure);
}

const char* YesNo(bool value) { return value ? "yes" : "no"; }

}  // namespace

std::vector<PrecisionPoint> PrecisionFrontier(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates, double budget) {
  std::map<v1::Precision, PrecisionPoint> fastest;
  for (const v1::Candidate& candidate : candidates) {
    const PrecisionPoint point = PointOf(candidate, budget);
    if (point.precision == v1::PRECISION_UNSPECIFIED || point.seconds <= 0) continue;
    const auto [found, is_first] = fastest.emplace(point.precision, point);
    if (!is_first && TellsMore(point, found->second)) found->second = point;
  }
  std::vector<PrecisionPoint> points;
  for (const auto& [precision, point] : fastest) points.push_back(point);
  for (PrecisionPoint& point : points) {
    point.on_frontier =
        std::none_of(points.begin(), points.end(),
                     [&](const PrecisionPoint& other) { return Dominates(other, point); });
  }
  return points;
}

std::string RenderFrontier(const std::vector<PrecisionPoint>& points, double operations,
                           const Style& style) {
  Table table({"PRECISION", "FASTEST", "TFLOP/S", "ERROR", "WITHIN BUDGET", "FRONTIER", "KERNEL"},
              {false, true, true, true, false, false, false});
  bool is_all_measured = true;
  for (const PrecisionPoint& point : points) {
    is_all_measured = is_all_measured && point.is_measured;
    table.Add({NameOf(point.precision), Marked(point, FormatSeconds(point.seconds, style)),
               Marked(point, FormatTeraflops(operations, point.seconds)),
               absl::StrFormat("%.1e", point.relative_error), YesNo(point.within_budget),
               YesNo(point.on_frontier), point.kernel});
  }
  std::string text = table.Render(style);
  if (!is_all_measured) {
    absl::StrAppend(
        &text, "~: one cold launch, because candidates over the error budget are not raced.\n");
  }
  return text;
}

Json FrontierToJson(const std::vector<PrecisionPoint>& points, double operations) {
  Json list = Json::array();
  for (const PrecisionPoint& point : points) {
    Json object = Json::object();
    object["precision"] = NameOf(point.precision);
    object["fastest_seconds"] = point.seconds;
    object["measured"] = point.is_measured;
    object["tflops"] = operations / point.seconds / 1e12;
    object["relative_error"] = point.relative_error;
    object["within_budget"] = point.within_budget;
    object["on_frontier"] = point.on_frontier;
    object["kernel"] = point.kernel;
    list.push_back(std::move(object));
  }
  return list;
}

}  // namespace tilewright::cli
