#include "client/cli/commands/sweep_follow.h"

#include <utility>

#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

// Takes what `progress` says over into `sweep`, whose entries keep their problems.
void Apply(const v1::SweepProgress& progress, v1::Sweep& sweep) {
  sweep.set_state(progress.state());
  sweep.set_done(progress.done());
  for (const v1::SweepEntryChange& change : progress.entries()) {
    if (change.ordinal() < 0 || change.ordinal() >= sweep.entries_size()) continue;
    v1::SweepEntry& entry = *sweep.mutable_entries(change.ordinal());
    v1::Problem problem = std::move(*entry.mutable_problem());
    entry = change.entry();
    *entry.mutable_problem() = std::move(problem);
  }
  if (progress.has_current()) {
    *sweep.mutable_current() = progress.current();
  } else {
    sweep.clear_current();
  }
}

}  // namespace

absl::StatusOr<v1::Sweep> FollowSweep(Connection& connection, v1::Sweep sweep, std::stop_token stop,
                                      const std::function<void(const v1::Sweep&)>& show) {
  absl::Status failure;
  const auto on_progress = [&](const v1::SweepProgress& progress) {
    // The first message after an attachment has no entries, and they may have changed before it.
    // What could not be had then is missing until it can be.
    if (!failure.ok() || (progress.entries().empty() && progress.done() != sweep.done())) {
      absl::StatusOr<v1::Sweep> whole = connection.GetSweep(sweep.name());
      failure = whole.status();
      if (whole.ok()) sweep = *std::move(whole);
    }
    Apply(progress, sweep);
    show(sweep);
  };
  const auto last = connection.WatchSweepProgress(sweep.name(), stop, on_progress);
  if (absl::IsUnimplemented(last.status())) return connection.WatchSweep(sweep.name(), stop, show);
  RETURN_IF_ERROR(last.status());
  RETURN_IF_ERROR(failure);
  return sweep;
}

}  // namespace tilewright::cli
