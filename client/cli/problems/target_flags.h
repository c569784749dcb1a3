#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_TARGET_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_TARGET_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace CLI {
class App;
}

namespace tilewright::cli {

// Texts of the flags that say where a kernel will run.
struct TargetFlags {
  std::string target;
  std::string device = "0";
};

void AddTargetFlags(CLI::App& app, TargetFlags& flags);
absl::StatusOr<int32_t> DeviceOrdinal(const TargetFlags& flags);

// Texts of the flags that say how to tune.
struct TuningFlags {
  std::string max_candidates;
  std::string budget;
  bool exhaustive = false;
  bool force = false;
  bool skip_vendor = false;
};

void AddTuningFlags(CLI::App& app, TuningFlags& flags);
absl::StatusOr<v1::TuningOptions> ParseTuningOptions(const TuningFlags& flags);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_TARGET_FLAGS_H_
