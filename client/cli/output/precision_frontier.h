// Shows the time and the error of each precision that was tried. Pure; any thread.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_PRECISION_FRONTIER_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_PRECISION_FRONTIER_H_

#include <string>
#include <vector>

#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// The fastest candidate of one precision.
struct PrecisionPoint {
  v1::Precision precision = v1::PRECISION_UNSPECIFIED;
  std::string kernel;
  double seconds = 0;
  // Whether `seconds` is the median of a race. If not, no candidate of this precision kept the
  // error budget, and `seconds` is the time of one cold launch.
  bool is_measured = false;
  double relative_error = 0;
  bool within_budget = false;
  // No other precision is both as fast and as exact.
  bool on_frontier = false;
};

// Returns one point for each precision of which a candidate ran, the most exact first. `budget` is
// the problem's error budget. 0: there is none, and all are within it.
std::vector<PrecisionPoint> PrecisionFrontier(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates, double budget);

// Renders a table of the points for a problem with that many operations.
std::string RenderFrontier(const std::vector<PrecisionPoint>& points, double operations,
                           const Style& style);
Json FrontierToJson(const std::vector<PrecisionPoint>& points, double operations);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_PRECISION_FRONTIER_H_
