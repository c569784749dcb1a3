// `tilewright sweep FILE.csv`
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/format.h"
#include "client/cli/output/progress.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/problem_text.h"
#include "client/cli/problems/suite.h"
#include "client/cli/problems/target_flags.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/sweep_limits.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

// Applies `progress` to `sweep`. The entries keep their problems.
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

// Follows a sweep to its end, and calls `show` with the whole sweep after each change. `sweep` is
// its first state. The daemon sends changes only, an older one everything. CANCELLED: `stop` came.
absl::StatusOr<v1::Sweep> FollowSweep(Connection& connection, v1::Sweep sweep, std::stop_token stop,
                                      const std::function<void(const v1::Sweep&)>& show) {
  absl::Status failure;
  const auto on_progress = [&](const v1::SweepProgress& progress) {
    // The first message after attaching has no entries, and entries may have changed before it. So
    // the whole sweep is fetched, again and again until that succeeds.
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

// Somebody who interrupts does not wait for a frozen daemon.
constexpr std::chrono::seconds kCancelTimeout{1};

struct SweepFlags {
  std::string file;
  std::string name;
  TargetFlags target;
  TuningFlags tuning;
};

// The same file, target and options give the same name. So the same command continues the same
// sweep. An edited file is another sweep.
std::string DefaultSweepName(const std::string& file, const v1::CreateSweepRequest& request) {
  std::string stem = absl::AsciiStrToLower(std::filesystem::path(file).stem().string());
  for (char& letter : stem) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter))) letter = '-';
  }
  while (!stem.empty() && stem.front() == '-') stem.erase(0, 1);
  const std::string digest = ToHex(Sha256(request.SerializeAsString())).substr(0, 12);
  return stem.empty() ? absl::StrCat("sweep-", digest)
                      : absl::StrCat(stem.substr(0, 48), "-", digest);
}

absl::StatusOr<v1::CreateSweepRequest> MakeRequest(const SweepFlags& flags) {
  if (!flags.name.empty() && !IsSweepId(flags.name)) {
    return InvalidField("sweep_id", "MALFORMED_SWEEP_ID",
                        absl::StrCat(SweepIdRule(), ", was '", flags.name, "'"));
  }
  v1::CreateSweepRequest request;
  ASSIGN_OR_RETURN(const std::vector<SuiteEntry> suite, ReadSuite(flags.file));
  RETURN_IF_ERROR(CheckSweepable(suite));
  for (const SuiteEntry& problem : suite) {
    v1::SweepEntry& entry = *request.add_entries();
    entry.set_label(problem.name);
    *entry.mutable_problem() = problem.problem;
  }
  request.set_target(flags.target.target);
  ASSIGN_OR_RETURN(*request.mutable_options(), ParseTuningOptions(flags.tuning));
  ASSIGN_OR_RETURN(const int32_t ordinal, DeviceOrdinal(flags.target));
  request.set_device_ordinal(ordinal);
  request.set_sweep_id(flags.name.empty() ? DefaultSweepName(flags.file, request) : flags.name);
  return request;
}

Json EntryToJson(const v1::SweepEntry& entry) {
  Json object{{"name", entry.label()}, {"state", NameOf(entry.state())}};
  if (entry.has_winner()) {
    Result result = ResultOf(entry.winner());
    result.name = entry.label();
    object.update(ResultToJson(result));
    object["winner"] = ToJson(entry.winner());
  } else {
    object["problem"] = DescribeProblem(entry.problem());
  }
  if (entry.state() == v1::WORK_STATE_FAILED) {
    object["error"] = {{"reason", entry.error_reason()}, {"message", entry.error_message()}};
  }
  if (!entry.not_stored().empty()) object["not_stored"] = entry.not_stored();
  return object;
}

// Prints each entry as JSON once, when it has ended.
class EntryPrinter {
 public:
  explicit EntryPrinter(CommandContext& context) : context_(context) {}

  void Show(const v1::Sweep& sweep) {
    for (const v1::SweepEntry& entry : sweep.entries()) {
      if (!IsFinal(entry.state()) || !shown_.insert(entry.label()).second) continue;
      context_.PrintJson(EntryToJson(entry));
    }
  }

 private:
  CommandContext& context_;
  std::set<std::string> shown_;
};

int CountIn(v1::WorkState state, const v1::Sweep& sweep) {
  int count = 0;
  for (const v1::SweepEntry& entry : sweep.entries()) count += entry.state() == state ? 1 : 0;
  return count;
}

int Failures(const v1::Sweep& sweep) { return CountIn(v1::WORK_STATE_FAILED, sweep); }

int Unstored(const v1::Sweep& sweep) {
  int count = 0;
  for (const v1::SweepEntry& entry : sweep.entries()) count += entry.not_stored().empty() ? 0 : 1;
  return count;
}

// Returns what is wrong with the end of the sweep, or OK. The problems themselves say more.
absl::Status Shortcoming(const v1::Sweep& sweep) {
  const int total = sweep.entries_size();
  if (const int failed = Failures(sweep); failed > 0) {
    return MakeError(
        absl::StatusCode::kInternal, "SWEEP_FAILED",
        absl::StrCat(sweep.name(), ": ", failed, " of ", Counted(total, "problem"), " failed"));
  }
  const int succeeded = CountIn(v1::WORK_STATE_SUCCEEDED, sweep);
  if (sweep.state() != v1::WORK_STATE_SUCCEEDED || succeeded < total) {
    return MakeError(
        absl::StatusCode::kAborted, "SWEEP_CANCELLED",
        absl::StrCat(sweep.name(), ": another command cancelled it after ", succeeded, " of ",
                     Counted(total, "problem"), "; run the same command again to continue"));
  }
  if (const int unstored = Unstored(sweep); unstored > 0) {
    return NotStoredError(
        absl::StrCat(unstored, " of ", Counted(total, "winner"), " of ", sweep.name()));
  }
  return absl::OkStatus();
}

// If the daemon ended during the sweep, adds to the message that nothing is lost.
absl::Status WithHowToGoOn(const absl::Status& status, const v1::Sweep& sweep) {
  if (!absl::IsUnavailable(status)) return status;
  return WithMessage(
      status, absl::StrCat(status.message(), "; ", sweep.name(), " has ", sweep.done(), " of ",
                           Counted(sweep.entries_size(), "problem"),
                           " done; run the same command again to continue"));
}

void PrintTable(CommandContext& context, const v1::Sweep& sweep) {
  std::vector<Result> results;
  for (const v1::SweepEntry& entry : sweep.entries()) {
    if (!entry.has_winner()) continue;
    results.push_back(ResultOf(entry.winner()));
    results.back().name = entry.label();
  }
  if (!results.empty()) context.out() << RenderResults(results, context.out_style());
  for (const v1::SweepEntry& entry : sweep.entries()) {
    if (entry.state() != v1::WORK_STATE_FAILED) continue;
    context.out() << context.out_style().Paint(Colour::kRed, "FAILED") << "  "
                  << Printable(entry.label()) << ": "
                  << FormatError(MakeError(static_cast<absl::StatusCode>(entry.error_code()),
                                           entry.error_reason(), entry.error_message()))
                  << '\n';
  }
}

void Finish(CommandContext& context, const v1::Sweep& sweep) {
  if (context.json()) {
    context.PrintJson({{"sweep", sweep.name()},
                       {"state", NameOf(sweep.state())},
                       {"done", sweep.done()},
                       {"total", sweep.entries_size()},
                       {"failed", Failures(sweep)},
                       {"not_stored", Unstored(sweep)}});
  } else {
    PrintTable(context, sweep);
  }
}

absl::StatusOr<int> Sweep(CommandContext& context, const SweepFlags& flags) {
  ASSIGN_OR_RETURN(v1::CreateSweepRequest request, MakeRequest(flags));
  ASSIGN_OR_RETURN(Client * client, context.client());
  Connection& connection = client->connection();
  ASSIGN_OR_RETURN(v1::Sweep sweep, connection.CreateSweep(std::move(request)));
  context.Note(absl::StrCat(sweep.name(), ": ", Counted(sweep.entries_size(), "problem"), ", ",
                            sweep.done(), " done before"));

  InterruptScope interrupt;
  ProgressPrinter progress(context.err(), context.err_style());
  EntryPrinter entries(context);
  const auto show = [&](const v1::Sweep& update) {
    sweep = update;
    if (context.json()) {
      progress.Clear();
      entries.Show(update);
    }
    if (context.shows_progress() && !IsFinal(update.state())) {
      progress.Show(ViewOf(update, progress.ElapsedSeconds()));
    }
  };
  show(sweep);
  if (!IsFinal(sweep.state())) {
    const auto watched = FollowSweep(connection, sweep, interrupt.token(), show);
    progress.Clear();
    if (!watched.ok() && interrupt.token().stop_requested()) {
      const auto cancelled = connection.CancelSweep(sweep.name(), kCancelTimeout);
      interrupt.End();
      if (!cancelled.ok()) return context.Interrupted(WithHowToGoOn(cancelled.status(), sweep));
      sweep = *cancelled;
      Finish(context, sweep);
      context.Note("interrupted; run the same command again to continue");
      return kExitInterrupted;
    }
    if (!watched.ok()) return WithHowToGoOn(watched.status(), sweep);
    sweep = *watched;
  }
  interrupt.End();
  Finish(context, sweep);
  const absl::Status shortcoming = Shortcoming(sweep);
  if (shortcoming.ok()) return kExitOk;
  context.Error(shortcoming);
  return ReasonOf(shortcoming) == "NOT_STORED" ? kExitNotStored : kExitFailure;
}

}  // namespace

void AddSweep(CLI::App& app, Action& action) {
  CLI::App* sweep = app.add_subcommand(
      "sweep", "Tune every problem of a file; the same command continues a stopped sweep");
  auto flags = std::make_shared<SweepFlags>();
  sweep
      ->add_option("file", flags->file,
                   "Lines of name,layout,m,n,k; a first line of column names may list others")
      ->type_name("FILE.csv")
      ->required();
  sweep
      ->add_option("--name", flags->name,
                   "Name of the sweep (default: made from the file's name and content)")
      ->type_name("NAME");
  AddTargetFlags(*sweep, flags->target);
  AddTuningFlags(*sweep, flags->tuning);
  SetAction(*sweep, action, [flags](CommandContext& context) { return Sweep(context, *flags); });
}

}  // namespace tilewright::cli
