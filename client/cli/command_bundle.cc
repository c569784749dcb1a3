// `tilewright export` and `tilewright import`
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/files.h"
#include "client/cli/format.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct ExportFlags {
  std::string output;
  std::vector<std::string> keys;
};

absl::StatusOr<int> Export(Session& session, const ExportFlags& flags) {
  ASSIGN_OR_RETURN(Client * client, session.client());
  int64_t bytes = 0;
  RETURN_IF_ERROR(WriteFileAtomically(flags.output, [&](std::ostream& out) -> absl::Status {
    ASSIGN_OR_RETURN(bytes, client->connection().ExportBundle(flags.keys, out));
    return absl::OkStatus();
  }));
  if (session.json()) {
    session.PrintJson({{"file", flags.output}, {"bytes", bytes}});
  } else {
    session.out() << "Wrote " << FormatBytes(static_cast<double>(bytes)) << " to "
                  << Printable(flags.output) << ".\n";
  }
  return kExitOk;
}

absl::StatusOr<int> Import(Session& session, const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) {
    return MakeError(
        absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno == 0 ? EISDIR : errno)),
        {{"file", path}});
  }
  ASSIGN_OR_RETURN(Client * client, session.client());
  ASSIGN_OR_RETURN(const v1::ImportBundleResponse response, client->connection().ImportBundle(in));
  if (session.json()) {
    session.PrintJson(ToJson(response));
    return kExitOk;
  }
  session.out() << "Imported " << response.winners_imported() << " winners and "
                << response.kernels_imported() << " kernels";
  if (response.winners_kept() > 0) {
    session.out() << "; kept " << response.winners_kept() << " that were here already";
  }
  session.out() << ".\nSigned by " << Printable(response.signer()) << ".\n";
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
                   "Only the winner of this key, as `list --json` shows it; may be repeated")
      ->type_name("KEY");
  command->callback(
      [&action, flags] { action = [flags](Session& session) { return Export(session, *flags); }; });
}

void AddImport(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("import", "Take winners and kernels in from a file");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "A bundle that export wrote")->type_name("FILE")->required();
  command->callback(
      [&action, file] { action = [file](Session& session) { return Import(session, *file); }; });
}

}  // namespace tilewright::cli
