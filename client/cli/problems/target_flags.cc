#include "client/cli/problems/target_flags.h"

#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>
#include <limits>

#include "absl/strings/str_cat.h"
#include "client/cli/problems/parse.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

absl::StatusOr<int32_t> ParseCount(std::string_view field, const std::string& text,
                                   int32_t smallest) {
  ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
  constexpr int32_t kLargest = std::numeric_limits<int32_t>::max();
  if (value < smallest || value > kLargest) {
    return InvalidField(field, "OUT_OF_RANGE",
                        absl::StrCat("must be from ", smallest, " to ", kLargest, ", was ", value));
  }
  return static_cast<int32_t>(value);
}

}  // namespace

void AddTargetFlags(CLI::App& app, TargetFlags& flags) {
  app.add_option("--target", flags.target,
                 "Profile of a GPU that need not be here, such as h100-sxm; `tilewright devices` "
                 "lists them (default: the local GPU)")
      ->type_name("NAME")
      ->group("Target");
  app.add_option("--device", flags.device, "Ordinal of the local GPU (default 0)")
      ->type_name("N")
      ->group("Target");
}

absl::StatusOr<int32_t> DeviceOrdinal(const TargetFlags& flags) {
  return ParseCount("device", flags.device, 0);
}

void AddTuningFlags(CLI::App& app, TuningFlags& flags) {
  app.add_option("--max-candidates", flags.max_candidates,
                 "Variants to compile and measure, a third of them near the fastest (default 48; 8 "
                 "with --target, which measures nothing)")
      ->type_name("N")
      ->group("Tuning");
  app.add_flag("--exhaustive", flags.exhaustive,
               "Compile and measure every config that the templates offer, to judge the search; "
               "takes minutes")
      ->excludes(app.get_option("--max-candidates"))
      ->group("Tuning");
  app.add_option(
         "--budget", flags.budget,
         "Time limit, such as 30s or 2m; the best kernel so far is kept (default: no limit)")
      ->type_name("TIME")
      ->group("Tuning");
  app.add_flag("--force", flags.force, "Measure again even if a winner is stored")->group("Tuning");
  app.add_flag("--skip-vendor", flags.skip_vendor, "Leave cublasLt out")->group("Tuning");
}

absl::StatusOr<v1::TuningOptions> ParseTuningOptions(const TuningFlags& flags) {
  v1::TuningOptions options;
  if (!flags.max_candidates.empty()) {
    ASSIGN_OR_RETURN(const int32_t count, ParseCount("max-candidates", flags.max_candidates, 1));
    options.set_max_candidates(count);
  }
  if (!flags.budget.empty()) {
    ASSIGN_OR_RETURN(const auto budget, ParseDuration("budget", flags.budget));
    *options.mutable_budget() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(budget.count());
  }
  options.set_exhaustive(flags.exhaustive);
  options.set_force(flags.force);
  options.set_skip_vendor(flags.skip_vendor);
  return options;
}

}  // namespace tilewright::cli
