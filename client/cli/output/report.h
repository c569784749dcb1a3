// The result table: one line a problem, the same for tune, get, list and sweep.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_REPORT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "tilewright/kernel.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright::cli {

// Times in seconds; 0 where there is none. `measured` was timed for this very problem, on the
// silicon that `match` says; `estimated` is the cost model's and never mixed with it.
struct Result {
  std::string name;
  v1::Problem problem;
  std::string kernel;
  std::string gpu;
  double measured = 0;
  double estimated = 0;
  double roofline = 0;
  double vendor_best = 0;
  v1::Match match = v1::MATCH_UNSPECIFIED;
  v1::Provenance provenance = v1::PROVENANCE_UNSPECIFIED;
  // Its signer is not trusted: it is stored and not served.
  bool distrusted = false;
};

Result ResultOf(const v1::Winner& winner);
Result ResultOf(const Kernel& kernel);

// What a command says at its end whose result is served and could not be stored because of `why`.
// The exit code is kExitNotStored.
absl::Status NotStoredError(const std::string& why);

// A table with the columns that have anything to say, and what PREDICTED and NOT TRUSTED mean where
// they occur.
std::string RenderResults(const std::vector<Result>& results, const Style& style);

// Figures as numbers, null where there are none: "measured_seconds", "estimated_seconds",
// "tflops" and the shares by measured time only.
Json ResultToJson(const Result& result);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_REPORT_H_
