// `tilewright export`, `tilewright import` and `tilewright bundle`
#include <CLI/CLI.hpp>
#include <istream>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/files.h"
#include "client/cli/output/format.h"
#include "client/cli/output/report.h"
#include "proto/support/bundle_size.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/export_summary.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct ExportFlags {
  std::string output;
  std::vector<std::string> keys;
};

Json SummaryToJson(const v1::ExportSummary& summary) {
  return {{"winners", summary.winners()},
          {"kernels", summary.kernels()},
          {"vendor_replaced", summary.vendor_replaced()},
          {"left_out",
           {{"vendor_only", summary.vendor_only()},
            {"signer_not_trusted", summary.signer_not_trusted()},
            {"signer_unknown", summary.signer_unknown()},
            {"not_stored", summary.not_stored()},
            {"damaged", summary.damaged()}}}};
}

void PrintSummary(CommandContext& context, const v1::ExportSummary& summary) {
  context.out() << "It has " << Counted(summary.winners(), "winner") << " and "
                << Counted(summary.kernels(), "kernel") << ".\n";
  if (summary.vendor_replaced() > 0) {
    context.out() << Counted(summary.vendor_replaced(), "winner")
                  << (summary.vendor_replaced() == 1 ? " is" : " are")
                  << " the best template instead of a cublasLt algorithm: an algorithm works only "
                     "with its own version of cublasLt.\n";
  }
  if (std::string left_out = DescribeLeftOut(summary); !left_out.empty()) {
    left_out[0] = absl::ascii_toupper(static_cast<unsigned char>(left_out[0]));
    context.out() << left_out << ".\n";
  }
}

absl::StatusOr<int> Export(CommandContext& context, const ExportFlags& flags) {
  ASSIGN_OR_RETURN(const OutputFile file, context.output_file(flags.output));
  ASSIGN_OR_RETURN(Client * client, context.client());
  int64_t bytes = 0;
  v1::ExportSummary summary;
  RETURN_IF_ERROR(file.Write([&](std::ostream& out) -> absl::Status {
    ASSIGN_OR_RETURN(bytes, client->connection().ExportBundle(flags.keys, out, &summary));
    return absl::OkStatus();
  }));
  // An older daemon sends no summary. A bundle always has a winner.
  const bool is_known = summary.winners() > 0;
  if (context.json()) {
    Json object{{"file", flags.output}, {"bytes", bytes}};
    if (is_known) object.update(SummaryToJson(summary));
    context.PrintJson(object);
    return kExitOk;
  }
  context.out() << "Wrote " << FormatBytes(static_cast<double>(bytes)) << " to "
                << Printable(flags.output) << ".\n";
  if (is_known) PrintSummary(context, summary);
  return kExitOk;
}

// Opens a bundle and reads its beginning, so that a bad file is reported before a daemon starts.
absl::StatusOr<std::unique_ptr<InputBuffer>> OpenBundle(const std::string& path) {
  ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  if (file.size().value_or(0) > kMaxBundleBytes) {
    return InputTooLarge(path, kMaxBundleBytes, "a bundle");
  }
  auto buffer = std::make_unique<InputBuffer>(std::move(file));
  RETURN_IF_ERROR(buffer->Begin());
  return buffer;
}

std::string NameOf(const std::string& signer, const std::string& name) {
  return Printable(name.empty() ? signer : absl::StrCat(name, " (", signer, ")"));
}

// "12 winners and 10 kernels; kept 2 that are here already"
std::string Outcome(const v1::ImportBundleResponse& response, bool dry_run) {
  std::string text = absl::StrCat(Counted(response.winners_imported(), "winner"), " and ",
                                  Counted(response.kernels_imported(), "kernel"));
  if (response.winners_kept() > 0) {
    absl::StrAppend(&text, "; ", dry_run ? "would keep " : "kept ", response.winners_kept(),
                    response.winners_kept() == 1 ? " that is" : " that are", " here already");
  }
  if (response.winners_quarantined() > 0) {
    absl::StrAppend(&text, "; ", dry_run ? "would leave out " : "left out ",
                    response.winners_quarantined(), " whose kernels failed here");
  }
  return text;
}

absl::StatusOr<int> Import(CommandContext& context, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<InputBuffer> bundle, OpenBundle(path));
  std::istream in(bundle.get());
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::ImportBundleResponse response, client->connection().ImportBundle(in));
  if (context.PrintedAsJson(response)) return kExitOk;
  context.out() << "Imported " << Outcome(response, /*dry_run=*/false) << ".\nSigned by "
                << NameOf(response.signer(), response.signer_name()) << ".\n";
  return kExitOk;
}

void PrintSigner(CommandContext& context, const v1::InspectBundleResponse& response) {
  const v1::Signer& signer = response.signer();
  context.out() << "Signed by " << NameOf(signer.signer(), signer.display_name());
  if (!signer.trusted()) {
    context.out() << ", who is not trusted here. To trust this signer, run `tilewright trust add "
                  << Printable(signer.signer()) << " --name NAME`";
  }
  context.out() << ".\n";
}

// Says what the bundle holds or, with `dry_run`, what an import would do.
absl::StatusOr<int> Inspect(CommandContext& context, const std::string& path, bool dry_run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<InputBuffer> bundle, OpenBundle(path));
  std::istream in(bundle.get());
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::InspectBundleResponse response,
                   client->connection().InspectBundle(in));
  if (context.PrintedAsJson(response)) return kExitOk;
  if (dry_run) {
    context.out() << (response.signer().trusted() ? "Would import " : "Once trusted, would import ")
                  << Outcome(response.outcome(), dry_run) << ". Nothing was stored.\n";
  } else {
    std::vector<Result> results;
    for (const v1::Winner& winner : response.winners()) results.push_back(ResultOf(winner));
    context.out() << RenderResults(results, context.out_style());
    context.out() << Counted(response.winner_count(), "winner") << ", "
                  << Counted(response.kernel_count(), "kernel");
    if (response.winner_count() > response.winners_size()) {
      context.out() << "; the first " << response.winners_size() << " are shown";
    }
    context.out() << ".\n";
  }
  PrintSigner(context, response);
  return kExitOk;
}

}  // namespace

void AddExport(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("export", "Write winners and their kernels to a file");
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("-o,--output", flags->output, "The bundle to write")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--key", flags->keys,
                   "Only the winner with this key, as `list --json` shows it; may be repeated")
      ->type_name("KEY");
  SetAction(*command, action, [flags](CommandContext& context) { return Export(context, *flags); });
}

void AddImport(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("import", "Store the winners and kernels of a file");
  auto file = std::make_shared<std::string>();
  auto dry_run = std::make_shared<bool>(false);
  command->add_option("file", *file, "A bundle that export wrote")->type_name("FILE")->required();
  command->add_flag("--dry-run", *dry_run,
                    "Verify the bundle and say what an import would do, but store nothing");
  SetAction(*command, action, [file, dry_run](CommandContext& context) {
    return *dry_run ? Inspect(context, *file, /*dry_run=*/true) : Import(context, *file);
  });
}

void AddBundle(CLI::App& app, Action& action) {
  CLI::App* bundle = app.add_subcommand("bundle", "Show what a bundle holds, without importing it");
  bundle->require_subcommand(1);
  CLI::App* inspect =
      bundle->add_subcommand("inspect", "Verify a bundle and show its winners and who signed it");
  auto file = std::make_shared<std::string>();
  inspect->add_option("file", *file, "A bundle that export wrote")->type_name("FILE")->required();
  SetAction(*inspect, action,
            [file](CommandContext& context) { return Inspect(context, *file, /*dry_run=*/false); });
}

}  // namespace tilewright::cli
