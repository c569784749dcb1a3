// The result table of tune, get, list and sweep, with one line for each problem.
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

// Times are in seconds; 0: there is none. `measured` was timed for this very problem, on the
// silicon that `match` says. `estimated` comes from the cost model and is never mixed with it.
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
  // The signer is not trusted. So the winner is stored but not served.
  bool distrusted = false;
};

Result ResultOf(const v1::Winner& winner);
Result ResultOf(const Kernel& kernel);

// The error at the end of a command whose result is served but could not be stored because of
// `why`. The exit code is kExitNotStored.
absl::Status NotStoredError(const std::string& why);

// Renders a table without empty columns. Explains PREDICTED and NOT TRUSTED if they occur.
std::string RenderResults(const std::vector<Result>& results, const Style& style);

// Writes figures as numbers, or null: "measured_seconds", "estimated_seconds". "tflops" and the
// shares come only from measured time.
Json ResultToJson(const Result& result);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_REPORT_H_
