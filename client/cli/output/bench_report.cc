#include "client/cli/output/bench_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/output/format.h"
#include "client/cli/output/rank_correlation.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/problem_text.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

double MedianOf(const std::optional<v1::Candidate>& candidate) {
  return candidate ? candidate->measurement().median_seconds() : 0;
}

// Keeps the faster candidate in `best`. A candidate that left the race early has samples of the
// first rounds only, so it yields to every candidate that stayed.
void KeepFaster(const v1::Candidate& candidate, std::optional<v1::Candidate>& best) {
  if (best && candidate.dropped_early() != best->dropped_early()) {
    if (best->dropped_early()) best = candidate;
  } else if (!best || candidate.measurement().median_seconds() < MedianOf(best)) {
    best = candidate;
  }
}

double Ratio(double numerator, double denominator) {
  return numerator > 0 && denominator > 0 ? numerator / denominator : 0;
}

Json CandidateToJson(const std::optional<v1::Candidate>& candidate, const BenchRow& row) {
  if (!candidate) return nullptr;
  Json object = ToJson(candidate->measurement());
  const double median = MedianOf(candidate);
  object["samples"] = object["seconds"];
  object.erase("seconds");
  object["candidate"] = DescribeCandidate(*candidate);
  object["tflops"] = FloatingPointOperations(row.problem) / median / 1e12;
  const double roofline = row.explanation.winner().roofline_seconds();
  if (const double bytes = NeededBytes(row.explanation.winner().problem()); bytes > 0) {
    object["gigabytes_per_second"] = bytes / median / 1e9;
  }
  object["roofline_share"] = NumberOrNull(Ratio(roofline, median));
  object["predicted_seconds"] = NumberOrNull(candidate->predicted_seconds());
  return object;
}

// Lists every template that was timed, to judge a search and its course.
Json TemplatesToJson(const BenchRow& row) {
  Json list = Json::array();
  for (const v1::Candidate& candidate : row.explanation.candidates()) {
    if (!candidate.has_variant() || !candidate.has_measurement()) continue;
    list.push_back({{"candidate", DescribeCandidate(candidate)},
                    {"median_seconds", candidate.measurement().median_seconds()},
                    {"rounds", candidate.measurement().seconds_size()},
                    {"lead_seconds", candidate.lead_seconds()}});
  }
  return list;
}

template <typename RatioOf>
std::vector<double> Ratios(const std::vector<BenchRow>& rows, const RatioOf& ratio_of) {
  std::vector<double> ratios;
  for (const BenchRow& row : rows) ratios.push_back(ratio_of(row));
  return ratios;
}

std::string RatioCell(double ratio, const Style& style) {
  const Colour colour = ratio >= 1 ? Colour::kGreen : ratio >= 0.6 ? Colour::kPlain : Colour::kRed;
  return ratio > 0 ? style.Paint(colour, FormatRatio(ratio, 1)) : "-";
}

std::vector<std::string> MeasuredCells(const BenchRow& row, const Style& style) {
  const double operations = FloatingPointOperations(row.problem);
  const double ours = MedianOf(row.best_template);
  const double vendor_best = MedianOf(row.vendor_best);
  return {row.name,
          DescribeProblem(row.problem),
          FormatSeconds(ours, style),
          FormatTeraflops(operations, ours),
          FormatTeraflops(operations, vendor_best),
          FormatTeraflops(operations, MedianOf(row.vendor_first)),
          RatioCell(RatioToBest(row), style),
          RatioCell(RatioToFirst(row), style),
          FormatShare(row.explanation.winner().roofline_seconds(), ours),
          row.best_template ? DescribeCandidate(*row.best_template) : "-"};
}

// A problem that only moves data is judged by bytes per second.
std::vector<std::string> MemoryCells(const BenchRow& row, const Style& style) {
  const v1::Winner& winner = row.explanation.winner();
  const double ours = MedianOf(row.best_template);
  return {row.name,
          DescribeProblem(row.problem),
          FormatSeconds(ours, style),
          FormatGigabytes(NeededBytes(winner.problem()), ours),
          FormatShare(winner.roofline_seconds(), ours),
          row.best_template ? DescribeCandidate(*row.best_template) : "-"};
}

}  // namespace

BenchRow MakeBenchRow(std::string name, v1::Problem problem, v1::Tuning tuning,
                      v1::ExplainWinnerResponse explanation) {
  BenchRow row;
  row.name = std::move(name);
  row.problem = std::move(problem);
  row.tuning = std::move(tuning);
  for (const v1::Candidate& candidate : explanation.candidates()) {
    if (!candidate.has_measurement() || candidate.measurement().median_seconds() <= 0) continue;
    if (candidate.has_variant()) KeepFaster(candidate, row.best_template);
    if (!candidate.has_vendor()) continue;
    KeepFaster(candidate, row.vendor_best);
    // The library has a first result for each precision; the most exact comes first.
    if (candidate.vendor().heuristic_rank() == 0 && !row.vendor_first) row.vendor_first = candidate;
  }
  row.explanation = std::move(explanation);
  return row;
}

double RatioToBest(const BenchRow& row) {
  return Ratio(MedianOf(row.vendor_best), MedianOf(row.best_template));
}

double RatioToFirst(const BenchRow& row) {
  return Ratio(MedianOf(row.vendor_first), MedianOf(row.best_template));
}

double GeometricMean(const std::vector<double>& values) {
  double sum = 0;
  int count = 0;
  for (const double value : values) {
    if (value <= 0) continue;
    sum += std::log(value);
    ++count;
  }
  return count == 0 ? 0 : std::exp(sum / count);
}

std::string RenderBench(const std::vector<BenchRow>& rows, const Style& style) {
  Table table({"NAME", "PROBLEM", "TEMPLATES", "TFLOP/S", "LT BEST", "LT FIRST", "VS BEST",
               "VS FIRST", "ROOFLINE", "TEMPLATE"},
              {false, false, true, true, true, true, true, true, true, false});
  Table memory({"NAME", "PROBLEM", "TEMPLATES", "GB/S", "ROOFLINE", "TEMPLATE"},
               {false, false, true, true, true, false});
  std::string below;
  std::vector<Result> predicted;
  for (const BenchRow& row : rows) {
    if (!row.status.ok()) {
      absl::StrAppend(&below, style.Paint(Colour::kRed, "FAILED"), "  ", Printable(row.name), ": ",
                      FormatError(row.status), "\n");
    } else if (!row.best_template && !row.vendor_best) {
      predicted.push_back(ResultOf(row.explanation.winner()));
      predicted.back().name = row.name;
    } else if (NeededBytes(row.problem) > 0) {
      memory.Add(MemoryCells(row, style));
    } else {
      table.Add(MeasuredCells(row, style));
    }
  }
  std::string text = table.empty() ? "" : table.Render(style);
  if (!memory.empty()) {
    absl::StrAppend(&text, memory.Render(style),
                    "GB/s counts the needed bytes: each tensor is read or written once.\n");
  }
  if (!predicted.empty()) absl::StrAppend(&text, RenderResults(predicted, style));
  if (const double mean = GeometricMean(Ratios(rows, RatioToBest)); mean > 0) {
    absl::StrAppend(&text, "Templates alone, geometric mean: ", FormatRatio(mean, 1),
                    " of the best cublasLt algorithm, ",
                    FormatRatio(GeometricMean(Ratios(rows, RatioToFirst)), 1),
                    " of its first choice. LT columns in TFLOP/s; all measured interleaved.\n");
  }
  return absl::StrCat(text, below);
}

Json BenchRowToJson(const BenchRow& row) {
  Json object{{"name", row.name}, {"problem", DescribeProblem(row.problem)}};
  if (!row.status.ok()) {
    object.update(ErrorToJson(row.status));
    return object;
  }
  const v1::Winner& winner = row.explanation.winner();
  object["templates"] = CandidateToJson(row.best_template, row);
  object["cublaslt_best"] = CandidateToJson(row.vendor_best, row);
  object["cublaslt_first"] = CandidateToJson(row.vendor_first, row);
  object["ratio_to_best"] = NumberOrNull(RatioToBest(row));
  object["ratio_to_first"] = NumberOrNull(RatioToFirst(row));
  object["roofline_seconds"] = NumberOrNull(winner.roofline_seconds());
  object["provenance"] = NameOf(winner.provenance());
  object["winner"] = DescribeCandidate(winner.candidate());
  object["estimated_seconds"] = NumberOrNull(winner.candidate().predicted_seconds());
  object["margin"] = winner.margin();
  object["legal_configs"] = row.explanation.legal_configs();
  const auto correlation = ModelRankCorrelation(row.explanation.candidates());
  object["model_rank_correlation"] = correlation ? Json(*correlation) : Json(nullptr);
  object["compiled"] = row.tuning.compiled();
  object["measured"] = row.tuning.measured();
  object["compile_seconds"] = row.tuning.compile_seconds();
  object["measure_seconds"] = row.tuning.measure_seconds();
  object["candidates"] = TemplatesToJson(row);
  return object;
}

Json BenchSummaryToJson(const std::vector<BenchRow>& rows) {
  const auto failed =
      std::count_if(rows.begin(), rows.end(), [](const BenchRow& row) { return !row.status.ok(); });
  return {{"problems", rows.size()},
          {"failed", failed},
          {"geomean_ratio_to_best", NumberOrNull(GeometricMean(Ratios(rows, RatioToBest)))},
          {"geomean_ratio_to_first", NumberOrNull(GeometricMean(Ratios(rows, RatioToFirst)))}};
}

}  // namespace tilewright::cli
