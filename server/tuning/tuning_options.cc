#include "server/tuning/tuning_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

constexpr int kMaxCandidates = 4096;
constexpr int64_t kMaxBudgetSeconds = 24 * 3600;
constexpr std::size_t kMaxRequestIdBytes = 64;

}  // namespace

absl::Status CheckTuningOptions(const v1::TuningOptions& options) {
  if (options.max_candidates() < 0 || options.max_candidates() > kMaxCandidates) {
    return InvalidField("options.max_candidates", "OUT_OF_RANGE",
                        absl::StrCat("must be in [0, ", kMaxCandidates, "]"));
  }
  if (options.exhaustive() && options.max_candidates() != 0) {
    return InvalidField("options.max_candidates", "CONTRADICTORY_OPTIONS",
                        "must be 0: an exhaustive tuning takes all candidates");
  }
  if (options.has_budget()) {
    const auto& budget = options.budget();
    const bool positive = budget.seconds() > 0 || (budget.seconds() == 0 && budget.nanos() > 0);
    if (!positive || budget.seconds() > kMaxBudgetSeconds || budget.nanos() < 0 ||
        budget.nanos() > 999999999) {
      return InvalidField("options.budget", "OUT_OF_RANGE",
                          "must be more than 0 and at most a day");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRequestId(const std::string& request_id) {
  bool printable = request_id.size() <= kMaxRequestIdBytes;
  for (const char byte : request_id) printable = printable && absl::ascii_isgraph(byte);
  if (printable) return absl::OkStatus();
  return InvalidField(
      "request_id", "MALFORMED_REQUEST_ID",
      absl::StrCat("must be a UUID, or at most ", kMaxRequestIdBytes, " printable characters"));
}

}  // namespace tilewright
