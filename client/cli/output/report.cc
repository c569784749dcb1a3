#include "client/cli/output/report.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "client/cli/output/format.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/problem_text.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

constexpr char kNotTrusted[] = "NOT TRUSTED";

struct Column {
  std::string title;
  bool right;
  std::function<std::string(const Result&)> cell;
};

// Marks each figure that follows from an estimate.
std::string Estimated(const Result& result, const std::string& figure) {
  const bool estimate = result.measured <= 0 && figure != "-";
  return estimate ? absl::StrCat("~", figure) : figure;
}

double TimeOf(const Result& result) {
  return result.measured > 0 ? result.measured : result.estimated;
}

bool IsPredicted(const Result& result) {
  return result.provenance == v1::PROVENANCE_PREDICTED || result.match == v1::MATCH_PREDICTED;
}

std::string Marked(const Result& result, const std::string& text, const Style& style) {
  return style.Paint(IsPredicted(result) ? Colour::kYellow : Colour::kGreen, text);
}

std::vector<Column> Columns(const Style& style) {
  return {
      {"NAME", false, [](const Result& r) { return r.name.empty() ? "-" : r.name; }},
      {"PROBLEM", false, [](const Result& r) { return DescribeProblem(r.problem); }},
      {"MEASURED", true, [&style](const Result& r) { return FormatSeconds(r.measured, style); }},
      {"ESTIMATE", true,
       [&style](const Result& r) {
         return r.measured > 0 ? "-" : Estimated(r, FormatSeconds(r.estimated, style));
       }},
      {"TFLOP/S", true,
       [](const Result& r) {
         return Estimated(r, FormatTeraflops(FloatingPointOperations(r.problem), TimeOf(r)));
       }},
      {"GB/S", true,
       [](const Result& r) {
         return Estimated(r, FormatGigabytes(NeededBytes(r.problem), TimeOf(r)));
       }},
      {"ROOFLINE", true,
       [](const Result& r) { return Estimated(r, FormatShare(r.roofline, TimeOf(r))); }},
      {"CUBLASLT", true, [](const Result& r) { return FormatRatio(r.vendor_best, r.measured); }},
      {"MATCH", false,
       [&style](const Result& r) {
         return r.match == v1::MATCH_UNSPECIFIED ? "-" : Marked(r, UpperNameOf(r.match), style);
       }},
      {"PROVENANCE", false,
       [&style](const Result& r) { return Marked(r, UpperNameOf(r.provenance), style); }},
      {"SIGNER", false,
       [&style](const Result& r) {
         return r.distrusted ? style.Paint(Colour::kRed, kNotTrusted) : "-";
       }},
      {"GPU", false, [](const Result& r) { return r.gpu.empty() ? "-" : r.gpu; }},
      {"KERNEL", false, [](const Result& r) { return r.kernel; }},
  };
}

Json RatioOrNull(double numerator, double denominator) {
  return numerator > 0 && denominator > 0 ? Json(numerator / denominator) : Json(nullptr);
}

}  // namespace

Result ResultOf(const v1::Winner& winner) {
  Result result;
  result.problem = winner.problem();
  result.kernel = DescribeCandidate(winner.candidate());
  result.gpu = winner.target().silicon().name();
  result.provenance = winner.provenance();
  // An imported winner may never have run where it came from.
  if (winner.provenance() != v1::PROVENANCE_PREDICTED) {
    result.measured = winner.candidate().measurement().median_seconds();
  }
  result.match = result.measured > 0 ? v1::MATCH_EXACT : v1::MATCH_PREDICTED;
  result.estimated = winner.candidate().predicted_seconds();
  result.roofline = winner.roofline_seconds();
  result.vendor_best = winner.vendor_best_seconds();
  return result;
}

Result ResultOf(const Kernel& kernel) {
  Result result;
  result.problem = kernel.any_problem();
  result.kernel = kernel.is_vendor() ? absl::StrCat("cublasLt #", kernel.vendor().heuristic_rank())
                                     : DescribeVariant(kernel.response().kernel().variant());
  result.match = kernel.match();
  result.provenance = kernel.provenance();
  // The times of a neighbour's winner are those of the neighbour's problem.
  if (kernel.match() == v1::MATCH_NEAREST_PROBLEM) return result;
  if (kernel.provenance() != v1::PROVENANCE_PREDICTED) {
    result.measured = kernel.response().measured_seconds();
  }
  result.estimated = kernel.response().predicted_seconds();
  return result;
}

absl::Status NotStoredError(const std::string& why) {
  return MakeError(absl::StatusCode::kInternal, "NOT_STORED",
                   absl::StrCat("the result could not be stored yet, but it is served: ", why));
}

std::string RenderResults(const std::vector<Result>& results, const Style& style) {
  std::vector<std::string> header;
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows(results.size());
  for (const Column& column : Columns(style)) {
    std::vector<std::string> cells;
    for (const Result& result : results) cells.push_back(column.cell(result));
    const bool says_nothing = std::all_of(cells.begin(), cells.end(),
                                          [](const std::string& cell) { return cell == "-"; });
    if (says_nothing && column.title != "MEASURED") continue;
    header.push_back(column.title);
    right.push_back(column.right);
    for (size_t i = 0; i < cells.size(); ++i) rows[i].push_back(cells[i]);
  }
  Table table(header, right);
  for (auto& row : rows) table.Add(std::move(row));
  std::string text = table.Render(style);
  const bool predicted = std::any_of(results.begin(), results.end(),
                                     [](const Result& result) { return IsPredicted(result); });
  if (predicted) {
    absl::StrAppend(&text, style.Paint(Colour::kYellow, "PREDICTED"),
                    ": compiled and ranked by the cost model, never run on a GPU; figures with ~ "
                    "are estimates.\n");
  }
  const bool distrusted = std::any_of(results.begin(), results.end(),
                                      [](const Result& result) { return result.distrusted; });
  if (distrusted) {
    absl::StrAppend(&text, style.Paint(Colour::kRed, kNotTrusted),
                    ": stored and not served, because the signer is not trusted here; `tilewright "
                    "trust list` shows the signers.\n");
  }
  return text;
}

Json ResultToJson(const Result& result) {
  Json object = Json::object();
  if (!result.name.empty()) object["name"] = result.name;
  object["problem"] = DescribeProblem(result.problem);
  object["measured_seconds"] = NumberOrNull(result.measured);
  object["estimated_seconds"] = NumberOrNull(result.estimated);
  object["tflops"] = result.measured > 0
                         ? Json(FloatingPointOperations(result.problem) / result.measured / 1e12)
                         : Json(nullptr);
  const double bytes = NeededBytes(result.problem);
  if (bytes > 0) {
    object["gigabytes_per_second"] =
        result.measured > 0 ? Json(bytes / result.measured / 1e9) : Json(nullptr);
  }
  object["roofline_share"] = RatioOrNull(result.roofline, result.measured);
  object["cublaslt_ratio"] = RatioOrNull(result.vendor_best, result.measured);
  object["match"] = NameOf(result.match);
  object["provenance"] = NameOf(result.provenance);
  object["kernel"] = result.kernel;
  return object;
}

}  // namespace tilewright::cli
