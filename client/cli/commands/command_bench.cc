// `tilewright bench`
#include <CLI/CLI.hpp>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/files.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/commands/version.h"
#include "client/cli/output/bench_report.h"
#include "client/cli/output/progress.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/suite.h"
#include "client/cli/problems/target_flags.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct BenchFlags {
  std::string suite;
  // --json without a file writes to the standard output.
  CLI::Option* json_option = nullptr;
  std::string json_file;
  TargetFlags target;
  TuningFlags tuning;
};

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc));
}

// Describes the machine that the figures were measured on.
Json MachineToJson(const v1::ListDevicesResponse& devices, const std::vector<BenchRow>& rows) {
  Json object{{"environment", ToJson(devices.environment())}, {"libraries", Json::array()}};
  for (const v1::LibraryStatus& library : devices.libraries()) {
    object["libraries"].push_back({{"library", library.library()},
                                   {"found", library.found()},
                                   {"version", library.version()}});
  }
  for (const BenchRow& row : rows) {
    if (row.status.ok()) {
      object["target"] = ToJson(row.explanation.winner().target());
      break;
    }
  }
  return object;
}

// Measures one problem. CANCELLED: it was interrupted before the problem was tuned.
absl::StatusOr<BenchRow> Measure(Client& client, const SuiteEntry& entry,
                                 const TuneOptions& options, const TuneProgress& progress) {
  ASSIGN_OR_RETURN(v1::Tuning tuning, client.Tune(entry.problem, options, progress));
  if (tuning.state() != v1::WORK_STATE_SUCCEEDED) return absl::CancelledError("interrupted");
  v1::ExplainWinnerRequest request;
  *request.mutable_problem() = entry.problem;
  request.set_target(options.target);
  request.set_device_ordinal(options.device_ordinal);
  ASSIGN_OR_RETURN(v1::ExplainWinnerResponse explanation,
                   client.connection().ExplainWinner(request, options.stop));
  return MakeBenchRow(entry.name, entry.problem, std::move(tuning), std::move(explanation));
}

// Returns whether every other problem would fail too: the daemon stops, is gone or is frozen.
bool IsWithoutDaemon(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "SERVER_STOPPING" || reason == "DAEMON_UNREACHABLE" || reason == "DAEMON_FROZEN";
}

// The finished rows. If the daemon went away, `lost` says why.
struct Measured {
  std::vector<BenchRow> rows;
  absl::Status lost;
};

Measured MeasureAll(CommandContext& context, Client& client, const std::vector<SuiteEntry>& suite,
                    const TuneOptions& options) {
  Measured measured;
  ProgressPrinter printer(context.err(), context.err_style());
  for (size_t i = 0; i < suite.size(); ++i) {
    const auto progress = [&](const v1::Tuning& tuning) {
      if (!context.shows_progress() || IsFinal(tuning.state())) return;
      ProgressView view = ViewOf(tuning, printer.ElapsedSeconds());
      view.detail = absl::StrCat(Printable(suite[i].name), " ", view.label);
      view.label = kProblemsLabel;
      view.fraction = (static_cast<double>(i) + view.fraction) / static_cast<double>(suite.size());
      view.done = static_cast<int>(i);
      view.total = static_cast<int>(suite.size());
      view.failed = 0;
      printer.Show(view);
    };
    auto row = Measure(client, suite[i], options, progress);
    // After an interrupt, the interrupt may be the cause of the failure.
    if (!row.ok() && options.stop.stop_requested()) break;
    if (!row.ok() && IsWithoutDaemon(row.status())) {
      measured.lost = row.status();
      break;
    }
    if (!row.ok()) {
      row = BenchRow{
          suite[i].name, suite[i].problem, context.Explained(row.status()), {}, {}, {}, {}, {}};
    }
    measured.rows.push_back(*std::move(row));
    if (options.stop.stop_requested()) break;
  }
  return measured;
}

absl::StatusOr<int> Bench(CommandContext& context, const BenchFlags& flags) {
  ASSIGN_OR_RETURN(const std::vector<SuiteEntry> suite, ReadSuite(flags.suite));
  RETURN_IF_ERROR(CheckProblems(suite));
  std::optional<OutputFile> json_file;
  if (!flags.json_file.empty()) {
    if (std::error_code error; std::filesystem::equivalent(flags.json_file, flags.suite, error)) {
      return InvalidField("json", "IS_INPUT",
                          "is the file of --suite, which would be lost: name another file");
    }
    ASSIGN_OR_RETURN(json_file, context.output_file(flags.json_file));
  }
  TuneOptions options;
  options.target = flags.target.target;
  ASSIGN_OR_RETURN(options.device_ordinal, DeviceOrdinal(flags.target));
  ASSIGN_OR_RETURN(options.tuning, ParseTuningOptions(flags.tuning));
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices, client->connection().ListDevices());
  const std::string date = Now();
  InterruptScope interrupt;
  options.stop = interrupt.token();
  const auto [rows, lost] = MeasureAll(context, *client, suite, options);
  const bool interrupted = interrupt.End();

  Json report{{"date", date}, {"version", kVersion}, {"commit", kCommit}, {"suite", flags.suite}};
  report.update(MachineToJson(devices, rows));
  report["results"] = Json::array();
  for (const BenchRow& row : rows) report["results"].push_back(BenchRowToJson(row));
  report["summary"] = BenchSummaryToJson(rows);
  const bool json_to_output =
      !json_file.has_value() && (context.json() || flags.json_option->count() > 0);
  if (json_file.has_value()) {
    RETURN_IF_ERROR(json_file->Write(JsonText(report, 1) + "\n"));
  }
  if (json_to_output) {
    context.PrintJson(report);
  } else {
    context.out() << RenderBench(rows, context.out_style());
  }
  const auto total = static_cast<int64_t>(suite.size());
  if (interrupted) {
    context.Note(
        absl::StrCat("interrupted after ", rows.size(), " of ", Counted(total, "problem")));
    return kExitInterrupted;
  }
  if (!lost.ok()) {
    context.Error(WithMessage(
        lost, absl::StrCat(lost.message(), "; ", rows.size(), " of ", Counted(total, "problem"),
                           total == 1 ? " was" : " were", " measured before")));
    return ExitCodeOf(lost);
  }
  if (report["summary"]["failed"] != 0) {
    context.Error(
        MakeError(absl::StatusCode::kInternal, "BENCH_FAILED",
                  absl::StrCat(report["summary"]["failed"].get<int>(), " of ",
                               Counted(static_cast<int64_t>(rows.size()), "problem"), " failed")));
    return kExitFailure;
  }
  for (const BenchRow& row : rows) {
    if (row.tuning.not_stored().empty()) continue;
    context.Error(NotStoredError(row.tuning.not_stored()));
    return kExitNotStored;
  }
  return kExitOk;
}

}  // namespace

void AddBench(CLI::App& app, Action& action) {
  CLI::App* bench = app.add_subcommand(
      "bench", "Tune a suite, and compare the templates alone with cublasLt in one run");
  auto flags = std::make_shared<BenchFlags>();
  bench->add_option("--suite", flags->suite, "Lines of name,layout,m,n,k, as for sweep")
      ->type_name("FILE.csv")
      ->required();
  flags->json_option =
      bench
          ->add_option("--json", flags->json_file,
                       "Write figures and samples as JSON to FILE or the standard output")
          ->type_name("[FILE]")
          ->expected(0, 1);
  AddTargetFlags(*bench, flags->target);
  AddTuningFlags(*bench, flags->tuning);
  SetAction(*bench, action, [flags](CommandContext& context) { return Bench(context, *flags); });
}

}  // namespace tilewright::cli
