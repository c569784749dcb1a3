#include "tuner/store/bundle/bundle_checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/check_kernel.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/family.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxTextBytes = 64 << 10;
constexpr std::size_t kMaxNameBytes = 256;
constexpr int kMaxCandidates = 100'000;
constexpr int kMaxSamples = 100'000;
constexpr int kMaxLegalConfigs = 100'000'000;
// A launch of one hour. No longer one is measured.
constexpr double kMaxSeconds = 3600;
// No clock and no memory is faster. Bounds for a target that does not state its own.
constexpr int kMaxClockMhz = 10'000;
constexpr double kMaxDramBytesPerSecond = 1e14;
// A measured time may be below the roofline: outputs that stay in the L2 need no bandwidth, and
// boards run above their stated clock. But it cannot be below by more than this factor.
constexpr double kFasterThanRoofline = 4;
// Clocks of two machines differ, by a day if a battery is empty.
constexpr absl::Duration kClockError = absl::Hours(24);

absl::Status Fault(std::string_view field, std::string_view reason, std::string_view what) {
  return InvalidField(field, reason, what);
}

absl::Status Within(std::string_view field, std::string_view reason, int64_t value, int64_t least,
                    int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Fault(field, reason, absl::StrCat("must be in [", least, ", ", most, "], was ", value));
}

// This form refuses NaN too.
absl::Status WithinReal(std::string_view field, std::string_view reason, double value, double least,
                        double most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Fault(field, reason, absl::StrCat("must be in [", least, ", ", most, "], was ", value));
}

bool IsPrintable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

absl::Status ShortText(std::string_view field, std::string_view text, std::size_t most) {
  if (text.size() <= most) return absl::OkStatus();
  return Fault(field, "MALFORMED_WINNER", absl::StrCat("has more than ", most, " bytes"));
}

// Checks a measured time: it is more than 0.
absl::Status CheckTime(std::string_view field, double seconds) {
  if (seconds > 0 && seconds <= kMaxSeconds) return absl::OkStatus();
  return Fault(field, "MALFORMED_TIME",
               absl::StrCat("must be above 0 and at most ", kMaxSeconds, " s, was ", seconds));
}

// Checks a time that may be missing, which is 0.
absl::Status CheckOptionalTime(std::string_view field, double seconds) {
  return seconds == 0 ? absl::OkStatus() : CheckTime(field, seconds);
}

absl::Status CheckMeasurement(const std::string& field, const v1::Measurement& measurement) {
  if (measurement.seconds_size() > kMaxSamples) {
    return Fault(absl::StrCat(field, ".seconds"), "MALFORMED_TIME", "has too many samples");
  }
  for (const double seconds : measurement.seconds()) {
    RETURN_IF_ERROR(CheckTime(absl::StrCat(field, ".seconds"), seconds));
  }
  const double median = measurement.median_seconds();
  RETURN_IF_ERROR(CheckTime(absl::StrCat(field, ".median_seconds"), median));
  if (!measurement.seconds().empty()) {
    const auto [least, most] =
        std::minmax_element(measurement.seconds().begin(), measurement.seconds().end());
    if (median < *least || median > *most) {
      return Fault(absl::StrCat(field, ".median_seconds"), "MALFORMED_TIME",
                   "is not between the samples");
    }
  }
  RETURN_IF_ERROR(
      CheckOptionalTime(absl::StrCat(field, ".spread_seconds"), measurement.spread_seconds()));
  RETURN_IF_ERROR(Within(absl::StrCat(field, ".sm_clock_mhz"), "MALFORMED_TIME",
                         measurement.sm_clock_mhz(), 0, kMaxClockMhz));
  return Within(absl::StrCat(field, ".power_watts"), "MALFORMED_TIME", measurement.power_watts(), 0,
                100'000);
}

absl::Status CheckCandidate(const std::string& field, const v1::Candidate& candidate) {
  switch (candidate.what_case()) {
    case v1::Candidate::kVariant:
      RETURN_IF_ERROR(CheckVariant(candidate.variant()));
      break;
    case v1::Candidate::kVendor:
      RETURN_IF_ERROR(ShortText(absl::StrCat(field, ".vendor.algorithm"),
                                candidate.vendor().algorithm(), kMaxNameBytes));
      break;
    default:
      return Fault(field, "MALFORMED_WINNER", "is neither a variant nor an algorithm");
  }
  RETURN_IF_ERROR(ShortText(absl::StrCat(field, ".content_hash"), candidate.content_hash(), 32));
  RETURN_IF_ERROR(
      CheckOptionalTime(absl::StrCat(field, ".predicted_seconds"), candidate.predicted_seconds()));
  RETURN_IF_ERROR(
      CheckOptionalTime(absl::StrCat(field, ".checked_seconds"), candidate.checked_seconds()));
  for (const double seconds : candidate.lead_seconds()) {
    RETURN_IF_ERROR(WithinReal(absl::StrCat(field, ".lead_seconds"), "MALFORMED_TIME", seconds, 0,
                               absl::ToDoubleSeconds(absl::Hours(24 * 365))));
  }
  if (candidate.has_measurement()) {
    return CheckMeasurement(absl::StrCat(field, ".measurement"), candidate.measurement());
  }
  return ShortText(absl::StrCat(field, ".failure.message"), candidate.failure().message(),
                   kMaxTextBytes);
}

// Returns the bounds for times, with the fastest values for all that `silicon` leaves open.
v1::Silicon FastestSuch(v1::Silicon silicon) {
  if (silicon.max_clock_mhz() <= 0) silicon.set_max_clock_mhz(kMaxClockMhz);
  if (!(silicon.dram_bytes_per_second() > 0)) {
    silicon.set_dram_bytes_per_second(kMaxDramBytesPerSecond);
  }
  return silicon;
}

absl::Status CheckPhysics(const v1::Winner& winner) {
  const double least = RooflineSeconds(winner.problem(), FastestSuch(winner.target().silicon())) /
                       kFasterThanRoofline;
  const std::pair<const char*, double> times[] = {
      {"winner.candidate.measurement.median_seconds",
       winner.candidate().has_measurement() ? winner.candidate().measurement().median_seconds()
                                            : 0},
      {"winner.vendor_best_seconds", winner.vendor_best_seconds()},
      {"winner.vendor_first_seconds", winner.vendor_first_seconds()}};
  for (const auto& [field, seconds] : times) {
    if (seconds != 0 && seconds < least) {
      return Fault(field, "MALFORMED_TIME",
                   absl::StrCat("no GPU of this kind is so fast: must be at least ", least,
                                " s, was ", seconds));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCreateTime(const v1::Winner& winner, absl::Time now) {
  const auto& time = winner.create_time();
  const int64_t latest = absl::ToUnixSeconds(now + kClockError);
  if (time.nanos() < 0 || time.nanos() > 999'999'999 || time.seconds() < 0) {
    return Fault("winner.create_time", "MALFORMED_TIME", "is not a time");
  }
  if (time.seconds() > latest) {
    return Fault("winner.create_time", "MALFORMED_TIME",
                 absl::StrCat("is in the future: ",
                              absl::FormatTime(absl::FromUnixSeconds(std::min<int64_t>(
                                                   time.seconds(), int64_t{253402300799})),
                                               absl::UTCTimeZone()),
                              "; check the clocks of both machines"));
  }
  return absl::OkStatus();
}

absl::Status CheckWinner(const v1::Winner& winner, const v1::Kernel& kernel, absl::Time now) {
  const v1::Candidate& candidate = winner.candidate();
  switch (winner.provenance()) {
    case v1::PROVENANCE_MEASURED:
      if (!candidate.has_measurement()) {
        return Fault("winner.provenance", "MALFORMED_WINNER", "is MEASURED but has no measurement");
      }
      break;
    case v1::PROVENANCE_PREDICTED:
    case v1::PROVENANCE_IMPORTED:
      break;
    default:
      return Fault("winner.provenance", "MALFORMED_WINNER", "is not known");
  }
  if (!candidate.has_variant() || candidate.has_failure()) {
    return Fault("winner.candidate", "MALFORMED_WINNER", "is not a kernel that ran or may run");
  }
  if (candidate.content_hash() != kernel.content_hash() ||
      candidate.variant().template_name() != kernel.variant().template_name()) {
    return Fault("winner.candidate", "MALFORMED_WINNER", "is not the record's kernel");
  }
  RETURN_IF_ERROR(CheckCandidate("winner.candidate", candidate));
  // The runner-up may be as slow as it is.
  RETURN_IF_ERROR(WithinReal("winner.margin", "MALFORMED_TIME", winner.margin(), -1, 1e9));
  RETURN_IF_ERROR(CheckOptionalTime("winner.vendor_best_seconds", winner.vendor_best_seconds()));
  RETURN_IF_ERROR(CheckOptionalTime("winner.vendor_first_seconds", winner.vendor_first_seconds()));
  RETURN_IF_ERROR(CheckOptionalTime("winner.roofline_seconds", winner.roofline_seconds()));
  RETURN_IF_ERROR(ShortText("winner.reason", winner.reason(), kMaxTextBytes));
  RETURN_IF_ERROR(CheckCreateTime(winner, now));
  for (const v1::TemplateDigest& digest : winner.template_digests()) {
    RETURN_IF_ERROR(ShortText("winner.template_digests", digest.template_name(), kMaxNameBytes));
    RETURN_IF_ERROR(ShortText("winner.template_digests", digest.digest(), kMaxNameBytes));
  }
  return CheckPhysics(winner);
}

// Refuses a kernel that cannot serve even its own problem. The launch checks alignments: they
// depend on addresses too.
absl::Status CheckServesItsProblem(const v1::LaunchPlan& plan, const v1::Problem& problem) {
  const Family& family = FamilyOf(problem);
  const ProblemShape shape = family.ShapeOf(problem);
  RETURN_IF_ERROR(CheckExtents(plan, family.shape_fields(), shape, family.TensorsOf(problem)));
  return VisitProblem(problem, Overloaded{[&](const v1::GemmProblem&) {
                                            return CheckTileEnds(plan, family.shape_fields(),
                                                                 shape);
                                          },
                                          [](const auto&) { return absl::OkStatus(); }});
}

}  // namespace

absl::Status CheckTarget(const v1::Target& target) {
  constexpr std::string_view kReason = "MALFORMED_TARGET";
  const v1::Silicon& silicon = target.silicon();
  const struct {
    const char* field;
    int64_t value;
    int64_t least;
    int64_t most;
  } fields[] = {
      {"compute_capability", silicon.compute_capability(), 80, 999},
      {"sm_count", silicon.sm_count(), 1, 4096},
      {"memory_bytes", silicon.memory_bytes(), 1, int64_t{1} << 44},
      {"l2_bytes", silicon.l2_bytes(), 0, int64_t{1} << 36},
      {"power_limit_watts", silicon.power_limit_watts(), 0, 100'000},
      {"max_shared_memory_per_block", silicon.max_shared_memory_per_block(), 0, 1 << 24},
      {"shared_memory_per_sm", silicon.shared_memory_per_sm(), 0, 1 << 24},
      {"registers_per_sm", silicon.registers_per_sm(), 0, 1 << 24},
      {"max_threads_per_sm", silicon.max_threads_per_sm(), 0, 1 << 16},
      {"max_clock_mhz", silicon.max_clock_mhz(), 0, kMaxClockMhz},
  };
  for (const auto& [field, value, least, most] : fields) {
    RETURN_IF_ERROR(
        Within(absl::StrCat("winner.target.silicon.", field), kReason, value, least, most));
  }
  RETURN_IF_ERROR(WithinReal("winner.target.silicon.dram_bytes_per_second", kReason,
                             silicon.dram_bytes_per_second(), 0, kMaxDramBytesPerSecond));
  for (const auto& [field, text] :
       {std::pair<const char*, std::string_view>{"silicon.name", silicon.name()},
        {"silicon.memory_class", silicon.memory_class()},
        {"environment.nvrtc_version", target.environment().nvrtc_version()},
        {"environment.template_digest", target.environment().template_digest()}}) {
    if (text.size() > kMaxNameBytes || !IsPrintable(text)) {
      return Fault(absl::StrCat("winner.target.", field), kReason, "is too long or not printable");
    }
  }
  return Within("winner.target.environment.driver_version", kReason,
                target.environment().driver_version(), 0, 1'000'000);
}

absl::Status CheckBundleRecord(const TuningRecord& record, std::string_view cubin, absl::Time now) {
  const v1::Winner& winner = record.winner.winner;
  const v1::Kernel& kernel = record.winner.kernel;
  RETURN_IF_ERROR(CheckTarget(winner.target()));
  RETURN_IF_ERROR(CheckKernel(kernel, cubin));
  RETURN_IF_ERROR(
      CheckArchitecture(kernel.architecture(), winner.target().silicon().compute_capability()));
  RETURN_IF_ERROR(CheckServesItsProblem(kernel.launch_plan(), winner.problem()));
  RETURN_IF_ERROR(CheckWinner(winner, kernel, now));
  RETURN_IF_ERROR(
      Within("legal_configs", "MALFORMED_WINNER", record.legal_configs, 0, kMaxLegalConfigs));
  if (record.candidates.size() > kMaxCandidates) {
    return Fault("candidates", "MALFORMED_WINNER", "there are too many");
  }
  for (std::size_t i = 0; i < record.candidates.size(); ++i) {
    RETURN_IF_ERROR(CheckCandidate(absl::StrCat("candidates[", i, "]"), record.candidates[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckBundle(const BundleContents& contents, absl::Time now) {
  std::map<std::string, std::string_view> cubins;
  for (const std::string& cubin : contents.cubins) cubins[Sha256(cubin)] = cubin;
  for (std::size_t i = 0; i < contents.records.size(); ++i) {
    const TuningRecord& record = contents.records[i];
    const auto cubin = cubins.find(record.winner.kernel.content_hash());
    const absl::Status status =
        CheckBundleRecord(record, cubin == cubins.end() ? std::string_view() : cubin->second, now);
    if (status.ok()) continue;
    const auto info = ErrorInfoOf(status);
    std::string field = ReasonOf(status);
    if (info && info->metadata().count("field") > 0) field = info->metadata().at("field");
    const std::string& key = record.winner.winner.key();
    return MakeError(absl::StatusCode::kInvalidArgument, "BUNDLE_INVALID",
                     absl::StrCat("record ", i + 1, " of ", contents.records.size(), " (winner ",
                                  key.substr(0, 12), ") cannot be what it says: ", status.message(),
                                  "; nothing of the bundle was stored"),
                     {{"record", absl::StrCat(i)}, {"key", key}, {"field", field}});
  }
  return absl::OkStatus();
}

}  // namespace tilewright
