// `tilewright explain`
#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/epilogue_forms.h"
#include "client/cli/output/format.h"
#include "client/cli/output/precision_frontier.h"
#include "client/cli/output/rank_correlation.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/problem_text.h"
#include "client/cli/problems/target_flags.h"
#include "client/cli/problems/tune_command.h"
#include "proto/problem/problem.h"
#include "proto/support/counted.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

constexpr int kShownCandidates = 20;

struct ExplainFlags {
  ProblemFlags problem;
  TargetFlags target;
  bool all = false;
};

std::string Outcome(const v1::Candidate& candidate) {
  if (candidate.has_failure()) {
    const std::string& message = candidate.failure().message();
    return absl::StrCat(UpperNameOf(candidate.failure().kind()), message.empty() ? "" : ": ",
                        message.substr(0, message.find('\n')));
  }
  if (candidate.dropped_early()) return "left the race early";
  return candidate.has_measurement() ? "" : "not measured";
}

double MedianOf(const v1::Candidate& candidate) {
  return candidate.has_measurement() ? candidate.measurement().median_seconds() : 0;
}

// Formats ||D - ref|| / ||ref||. Beside the time, it shows what each precision costs.
std::string ErrorOf(const v1::Candidate& candidate) {
  if (candidate.has_measurement()) {
    return absl::StrFormat("%.1e", candidate.measurement().relative_error());
  }
  return candidate.relative_error() > 0 ? absl::StrFormat("%.1e", candidate.relative_error()) : "-";
}

std::string RenderCandidates(const v1::ExplainWinnerResponse& response, bool all,
                             const Style& style) {
  Table table({"#", "MEASURED", "SPREAD", "VS WINNER", "ERROR", "ESTIMATE", "CANDIDATE", "OUTCOME"},
              {true, true, true, true, true, true, false, false});
  const double winner = MedianOf(response.winner().candidate());
  const int count = response.candidates_size();
  const int shown = all ? count : std::min(count, kShownCandidates);
  for (int i = 0; i < shown; ++i) {
    const v1::Candidate& candidate = response.candidates(i);
    const std::string estimate = FormatSeconds(candidate.predicted_seconds(), style);
    table.Add({absl::StrCat(i + 1), FormatSeconds(MedianOf(candidate), style),
               FormatSeconds(candidate.measurement().spread_seconds(), style),
               FormatRatio(MedianOf(candidate), winner), ErrorOf(candidate),
               estimate == "-" ? estimate : absl::StrCat("~", estimate),
               DescribeCandidate(candidate), Outcome(candidate)});
  }
  std::string text = table.Render(style);
  if (shown < count) {
    absl::StrAppend(&text, "... and ", count - shown, " more (--all shows them)\n");
  }
  return text;
}

// "3 COMPILE_ERROR, 1 TIMEOUT". Empty if nothing failed.
std::string CountFailures(const v1::ExplainWinnerResponse& response) {
  std::map<std::string, int> counts;
  for (const v1::Candidate& candidate : response.candidates()) {
    if (candidate.has_failure()) ++counts[UpperNameOf(candidate.failure().kind())];
  }
  std::string text;
  for (const auto& [kind, count] : counts) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", count, " ", kind);
  }
  return text;
}

std::vector<PrecisionPoint> FrontierOf(const v1::ExplainWinnerResponse& response) {
  return PrecisionFrontier(response.candidates(), ErrorBudgetOf(response.winner().problem()));
}

void PrintExplanation(CommandContext& context, const v1::ExplainWinnerResponse& response,
                      bool all) {
  const v1::Winner& winner = response.winner();
  context.out() << RenderResults({ResultOf(winner)}, context.out_style());
  if (!winner.reason().empty()) context.out() << "Why: " << Printable(winner.reason()) << '\n';
  if (winner.margin() > 0) {
    context.out() << "Ahead of the runner-up by " << FormatShare(winner.margin(), 1) << ".\n";
  }
  if (const auto& leads = winner.candidate().lead_seconds(); !leads.empty()) {
    context.out() << absl::StrFormat("Took the lead %.1f s into the tuning.\n", leads[0]);
  }
  context.out() << Counted(response.candidates_size(), "candidate") << " of "
                << Counted(response.legal_configs(), "config");
  if (const std::string failures = CountFailures(response); !failures.empty()) {
    context.out() << "; failed: " << failures;
  }
  if (const auto correlation = ModelRankCorrelation(response.candidates())) {
    context.out() << absl::StrFormat("; rank correlation of model and measurement: %.2f",
                                     *correlation);
  }
  context.out() << "\n\n";
  if (const auto points = FrontierOf(response); points.size() > 1) {
    context.out() << RenderFrontier(points, FloatingPointOperations(winner.problem()),
                                    context.out_style())
                  << '\n';
  }
  if (const auto forms = FastestForms(response.candidates())) {
    context.out() << RenderForms(*forms, context.out_style()) << '\n';
  }
  context.out() << RenderCandidates(response, all, context.out_style());
}

absl::StatusOr<int> Explain(CommandContext& context, const ExplainFlags& flags) {
  v1::ExplainWinnerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_problem(), ParseProblem(flags.problem));
  request.set_target(flags.target.target);
  ASSIGN_OR_RETURN(const int32_t ordinal, DeviceOrdinal(flags.target));
  request.set_device_ordinal(ordinal);
  ASSIGN_OR_RETURN(Client * client, context.client());
  const auto response = client->connection().ExplainWinner(request);
  if (!response.ok()) {
    return WithTuneCommand(response.status(), flags.problem, flags.target, context.PlaceFlags());
  }
  if (context.json()) {
    Json object = ResultToJson(ResultOf(response->winner()));
    object["explanation"] = ToJson(*response);
    const auto correlation = ModelRankCorrelation(response->candidates());
    object["precisions"] = FrontierToJson(FrontierOf(*response),
                                          FloatingPointOperations(response->winner().problem()));
    object["epilogues"] = FormsToJson(FastestForms(response->candidates()));
    object["model_rank_correlation"] = correlation ? Json(*correlation) : Json(nullptr);
    context.PrintJson(object);
  } else {
    PrintExplanation(context, *response, flags.all);
  }
  return kExitOk;
}

}  // namespace

void AddExplain(CLI::App& app, Action& action) {
  CLI::App* explain =
      app.add_subcommand("explain", "Show why a winner won, what lost, and by how much");
  auto flags = std::make_shared<ExplainFlags>();
  AddProblemCommands(*explain, flags->problem, [&action, flags](CLI::App& kind) {
    AddTargetFlags(kind, flags->target);
    kind.add_flag("--all", flags->all, "Show all candidates, not only the first 20");
    SetAction(kind, action, [flags](CommandContext& context) { return Explain(context, *flags); });
  });
}

}  // namespace tilewright::cli
