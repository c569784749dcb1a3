#include "server/sweeps/sweep_plan.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/sweep_limits.h"
#include "proto/support/timestamps.h"
#include "server/tuning/tuning_job.h"
#include "server/tuning/tuning_options.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

absl::Status CheckRequest(const v1::CreateSweepRequest& request) {
  if (!IsSweepId(request.sweep_id())) {
    return InvalidField("sweep_id", "MALFORMED_SWEEP_ID", SweepIdRule());
  }
  if (request.entries().empty()) {
    return InvalidField("entries", "EMPTY", "a sweep has at least one problem");
  }
  if (static_cast<std::size_t>(request.entries_size()) > kMaxSweepProblems) {
    return InvalidField("entries", "TOO_MANY", absl::StrCat("more than ", kMaxSweepProblems));
  }
  RETURN_IF_ERROR(CheckTuningOptions(request.options()));
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  absl::flat_hash_set<std::string> labels;
  for (int i = 0; i < request.entries_size(); ++i) {
    const std::string& label = request.entries(i).label();
    const std::string field = absl::StrCat("entries[", i, "].label");
    if (label.empty() || label.size() > kMaxLabelBytes) {
      return InvalidField(field, "MALFORMED_LABEL",
                          absl::StrCat("must have 1 to ", kMaxLabelBytes, " bytes"));
    }
    if (!labels.insert(label).second) {
      return InvalidField(field, "DUPLICATE_LABEL", absl::StrCat("'", label, "' is given twice"));
    }
  }
  return absl::OkStatus();
}

// Returns the same error with the field path as seen from the sweep's request.
absl::Status InEntry(int index, const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  if (!info) return status;
  const auto field = info->metadata().find("field");
  if (field == info->metadata().end()) return status;
  absl::string_view what = status.message();
  absl::ConsumePrefix(&what, absl::StrCat(field->second, ": "));
  return InvalidField(absl::StrCat("entries[", index, "].problem.", field->second), info->reason(),
                      std::string(what));
}

void Fail(const absl::Status& status, v1::SweepEntry& entry) {
  entry.set_state(v1::WORK_STATE_FAILED);
  entry.set_error_code(static_cast<int>(status.code()));
  entry.set_error_reason(ReasonOf(status));
  entry.set_error_message(std::string(status.message()));
}

bool SameTarget(const v1::Target& a, const v1::Target& b) {
  return EncodeSilicon(a.silicon()) == EncodeSilicon(b.silicon()) &&
         EncodeEnvironment(a.environment()) == EncodeEnvironment(b.environment());
}

// Returns the entries that are done already, by label.
absl::flat_hash_map<std::string, const v1::SweepEntry*> DoneBefore(
    const v1::CreateSweepRequest& request, const std::optional<v1::Sweep>& earlier,
    const v1::Target& target) {
  absl::flat_hash_map<std::string, const v1::SweepEntry*> done;
  if (!earlier || !SameTarget(earlier->target(), target)) return done;
  // Force restarts a finished sweep. An interrupted sweep goes on.
  const bool finished = earlier->done() == earlier->entries_size();
  if (finished && request.options().force()) return done;
  for (const v1::SweepEntry& entry : earlier->entries()) {
    if (entry.state() == v1::WORK_STATE_SUCCEEDED) done[entry.label()] = &entry;
  }
  return done;
}

}  // namespace

std::string SweepName(const std::string& sweep_id) { return absl::StrCat("sweeps/", sweep_id); }

absl::StatusOr<SweepPlan> PlanSweep(const v1::CreateSweepRequest& request,
                                    const std::optional<v1::Sweep>& earlier,
                                    const DeviceTable& devices, absl::Time now) {
  RETURN_IF_ERROR(CheckRequest(request));
  ASSIGN_OR_RETURN(const ResolvedTarget resolved,
                   devices.Resolve(request.target(), request.device_ordinal()));
  const auto done = DoneBefore(request, earlier, resolved.target);
  SweepPlan plan;
  plan.sweep.set_name(SweepName(request.sweep_id()));
  *plan.sweep.mutable_target() = resolved.target;
  plan.sweep.set_state(v1::WORK_STATE_QUEUED);
  *plan.sweep.mutable_create_time() = earlier ? earlier->create_time() : ToTimestamp(now);
  for (int i = 0; i < request.entries_size(); ++i) {
    v1::SweepEntry& entry = *plan.sweep.add_entries();
    entry.set_label(request.entries(i).label());
    entry.set_state(v1::WORK_STATE_QUEUED);
    TuneRequest tune{.target = resolved.target,
                     .device_ordinal = resolved.device_ordinal,
                     .options = request.options()};
    absl::StatusOr<v1::Problem> problem = Canonicalize(request.entries(i).problem());
    if (problem.ok()) {
      tune.problem = *std::move(problem);
      *entry.mutable_problem() = tune.problem;
      const auto before = done.find(entry.label());
      if (before != done.end() &&
          EncodeProblem(before->second->problem()) == EncodeProblem(tune.problem)) {
        entry = *before->second;
      }
    } else if (absl::IsUnimplemented(problem.status())) {
      // The problem is valid but this version does not support it. The other entries can be tuned.
      *entry.mutable_problem() = request.entries(i).problem();
      Fail(problem.status(), entry);
    } else {
      return InEntry(i, problem.status());
    }
    if (IsFinal(entry.state())) plan.sweep.set_done(plan.sweep.done() + 1);
    plan.tunes.push_back(std::move(tune));
  }
  return plan;
}

}  // namespace tilewright
