// Makes the report of `tilewright bench` from the candidates of tunings. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_BENCH_REPORT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// One problem of a suite. The candidates were timed interleaved, in one run.
struct BenchRow {
  std::string name;
  v1::Problem problem;
  absl::Status status;  // Not OK: the problem failed, and the fields below are not set.
  v1::Tuning tuning;
  v1::ExplainWinnerResponse explanation;
  // The fastest template and cublasLt algorithm, and cublasLt's own first choice, if measured.
  std::optional<v1::Candidate> best_template;
  std::optional<v1::Candidate> vendor_best;
  std::optional<v1::Candidate> vendor_first;
};

// Picks the candidates that the report compares.
BenchRow MakeBenchRow(std::string name, v1::Problem problem, v1::Tuning tuning,
                      v1::ExplainWinnerResponse explanation);

// Returns the vendor's time over that of the best template: above 1 the template is faster. Returns
// 0 if one of them was not measured.
double RatioToBest(const BenchRow& row);
double RatioToFirst(const BenchRow& row);

// Returns the geometric mean of the positive values, or 0 if there are none.
double GeometricMean(const std::vector<double>& values);

std::string RenderBench(const std::vector<BenchRow>& rows, const Style& style);

// {"name", "templates": {"median_seconds", "samples", ...}, "cublaslt_best", ...}
Json BenchRowToJson(const BenchRow& row);
// {"problems", "failed", "geomean_ratio_to_best", "geomean_ratio_to_first"}
Json BenchSummaryToJson(const std::vector<BenchRow>& rows);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_BENCH_REPORT_H_
