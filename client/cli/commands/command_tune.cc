// `tilewright tune`
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/format.h"
#include "client/cli/output/progress.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct TuneFlags {
  ProblemFlags problem;
  TargetFlags target;
  TuningFlags tuning;
};

Json TuningToJson(const v1::Tuning& tuning) {
  Json object = tuning.has_winner() ? ResultToJson(ResultOf(tuning.winner())) : Json::object();
  // Null means that the result is stored.
  object["not_stored"] = tuning.not_stored().empty() ? Json() : Json(tuning.not_stored());
  object["tuning"] = ToJson(tuning);
  return object;
}

std::string Summary(const v1::Tuning& tuning, double seconds) {
  std::string text =
      absl::StrCat(Counted(tuning.legal_configs(), "config"), ", ", tuning.compiled(),
                   " compiled, ", tuning.measured(), " measured in ", FormatWait(seconds));
  if (tuning.winner().margin() > 0) {
    absl::StrAppend(&text, "; ahead of the runner-up by ",
                    FormatShare(tuning.winner().margin(), 1));
  }
  return text;
}

int ReportInterrupted(CommandContext& context, const v1::Tuning& tuning, double best_seconds) {
  const bool goes_on = !IsFinal(tuning.state());
  if (context.json()) context.PrintJson(TuningToJson(tuning));
  std::string text = "interrupted; ";
  absl::StrAppend(
      &text, best_seconds > 0
                 ? absl::StrCat("best so far ", FormatSeconds(best_seconds, context.err_style()))
                 : "nothing was measured yet");
  if (goes_on) absl::StrAppend(&text, "; the tuning goes on, because others wait for it");
  context.Note(text);
  return kExitInterrupted;
}

// Returns whether the daemon may go on with a tuning that ended here with `status`, because the
// daemon gave no answer. If the tuning itself failed, the error names the tuning.
bool MayGoOn(const absl::Status& status) {
  for (const auto& [key, value] : MetadataOf(status)) {
    if (key == "tuning") return false;
  }
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

absl::StatusOr<int> Tune(CommandContext& context, const TuneFlags& flags) {
  ASSIGN_OR_RETURN(const v1::Problem problem, ParseProblem(flags.problem));
  TuneOptions options;
  options.target = flags.target.target;
  ASSIGN_OR_RETURN(options.device_ordinal, DeviceOrdinal(flags.target));
  ASSIGN_OR_RETURN(options.tuning, ParseTuningOptions(flags.tuning));
  ASSIGN_OR_RETURN(Client * client, context.client());

  InterruptScope interrupt;
  options.stop = interrupt.token();
  ProgressPrinter printer(context.err(), context.err_style());
  double best_seconds = 0;
  const auto tuned = client->Tune(problem, options, [&](const v1::Tuning& tuning) {
    best_seconds = tuning.progress().best_seconds();
    if (context.shows_progress() && !IsFinal(tuning.state())) {
      printer.Show(ViewOf(tuning, printer.ElapsedSeconds()));
    }
  });
  const bool interrupted = interrupt.End();
  printer.Clear();
  if (interrupted && MayGoOn(tuned.status())) return context.Interrupted(tuned.status());
  RETURN_IF_ERROR(tuned.status());
  if (interrupted && tuned->state() != v1::WORK_STATE_SUCCEEDED) {
    return ReportInterrupted(context, *tuned, best_seconds);
  }
  if (context.json()) {
    context.PrintJson(TuningToJson(*tuned));
  } else {
    context.out() << RenderResults({ResultOf(tuned->winner())}, context.out_style());
    if (!tuned->winner().reason().empty()) {
      context.out() << "Why: " << Printable(tuned->winner().reason()) << '\n';
    }
    context.Note(Summary(*tuned, printer.ElapsedSeconds()));
  }
  if (!tuned->not_stored().empty()) {
    context.Error(NotStoredError(tuned->not_stored()));
    return kExitNotStored;
  }
  return kExitOk;
}

}  // namespace

void AddTune(CLI::App& app, Action& action) {
  CLI::App* tune = app.add_subcommand("tune", "Find the best kernel for a problem and store it");
  auto flags = std::make_shared<TuneFlags>();
  AddProblemCommands(*tune, flags->problem, [&action, flags](CLI::App& kind) {
    AddTargetFlags(kind, flags->target);
    AddTuningFlags(kind, flags->tuning);
    SetAction(kind, action, [flags](CommandContext& context) { return Tune(context, *flags); });
  });
}

}  // namespace tilewright::cli
