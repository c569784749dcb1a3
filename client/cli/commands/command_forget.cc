// `tilewright forget`, `tilewright prune`
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/format.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

struct ForgetFlags {
  ProblemFlags problem;
  bool has_problem = false;
  TargetFlags target;
  std::string key;
  std::string signer;
  bool predicted = false;
  std::string older_than;
  bool dry_run = false;
};

absl::StatusOr<v1::ForgetWinnersRequest> RequestOf(const ForgetFlags& flags) {
  v1::ForgetWinnersRequest request;
  request.set_dry_run(flags.dry_run);
  const int selectors = (flags.has_problem ? 1 : 0) + (flags.key.empty() ? 0 : 1) +
                        (flags.signer.empty() ? 0 : 1) + (flags.predicted ? 1 : 0) +
                        (flags.older_than.empty() ? 0 : 1);
  if (selectors != 1) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "USAGE",
        absl::StrCat(selectors == 0 ? "say which winners to forget: give "
                                    : "say in only one way which winners to forget: give ",
                     "a problem (gemm, dropout), --key, --signer, --predicted or --older-than"));
  }
  if (flags.has_problem) {
    ASSIGN_OR_RETURN(*request.mutable_problem(), ParseProblem(flags.problem));
    request.set_target(flags.target.target);
    ASSIGN_OR_RETURN(const int32_t ordinal, DeviceOrdinal(flags.target));
    request.set_device_ordinal(ordinal);
  } else if (!flags.key.empty()) {
    request.set_key(flags.key);
  } else if (!flags.signer.empty()) {
    request.set_signer(flags.signer);
  } else if (flags.predicted) {
    request.set_predicted(true);
  } else {
    ASSIGN_OR_RETURN(const std::chrono::seconds age, ParseAge("older-than", flags.older_than));
    request.mutable_older_than()->set_seconds(age.count());
  }
  return request;
}

absl::StatusOr<int> Forget(CommandContext& context, const ForgetFlags& flags) {
  ASSIGN_OR_RETURN(const v1::ForgetWinnersRequest request, RequestOf(flags));
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::ForgetWinnersResponse response,
                   client->connection().ForgetWinners(request));
  if (context.PrintedAsJson(response)) return kExitOk;
  context.out() << (flags.dry_run ? "Would forget " : "Forgot ")
                << Counted(response.winners(), "winner") << " and "
                << Counted(response.kernels(), "kernel") << ".\n";
  return kExitOk;
}

struct PruneFlags {
  std::string max_bytes;
  bool dry_run = false;
};

absl::StatusOr<int> Prune(CommandContext& context, const PruneFlags& flags) {
  v1::PruneCacheRequest request;
  request.set_dry_run(flags.dry_run);
  if (!flags.max_bytes.empty()) {
    ASSIGN_OR_RETURN(const int64_t bytes, ParseBytes("max-bytes", flags.max_bytes));
    request.set_max_bytes(bytes);
  }
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::PruneCacheResponse response, client->connection().PruneCache(request));
  if (context.PrintedAsJson(response)) return kExitOk;
  const auto bytes = [](int64_t count) { return FormatBytes(static_cast<double>(count)); };
  context.out() << (flags.dry_run ? "Would remove " : "Removed ")
                << Counted(response.superseded_winners(), "superseded winner") << ", "
                << Counted(response.unused_winners(), "least recently served winner") << ", and "
                << Counted(response.kernels(), "kernel") << ": " << bytes(response.bytes_before())
                << " before, " << bytes(response.bytes_after()) << " after.\n";
  if (response.limit_missed()) {
    context.Note(
        "the database is still above the limit: everything left was stored or served within 30 "
        "days");
  }
  return kExitOk;
}

}  // namespace

void AddForget(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "forget", "Remove stored winners: by problem, key, signer or age, or all predicted ones");
  auto flags = std::make_shared<ForgetFlags>();
  command->add_option("--key", flags->key, "The winner with this key, as `list --json` shows it")
      ->type_name("KEY");
  command
      ->add_option("--signer", flags->signer,
                   "Forget what this signer signed: a name or a fingerprint. 'unknown' means the "
                   "winners without a signer, which version 0.1 imported")
      ->type_name("SIGNER");
  command->add_flag("--predicted", flags->predicted, "Forget all winners that no GPU measured");
  command
      ->add_option("--older-than", flags->older_than,
                   "Forget the problems whose newest winner is older than this, such as 90d or 12h")
      ->type_name("AGE");
  command->add_flag("--dry-run", flags->dry_run, "Count, and remove nothing");
  const auto run = [&action, flags] {
    action = [flags](CommandContext& context) { return Forget(context, *flags); };
  };
  AddProblemCommands(*command, flags->problem, [run, flags](CLI::App& kind) {
    AddTargetFlags(kind, flags->target);
    kind.add_flag("--dry-run", flags->dry_run, "Count, and remove nothing");
    kind.callback([run, flags] {
      flags->has_problem = true;
      run();
    });
  });
  command->require_subcommand(0, 1);
  command->callback(run);
}

void AddPrune(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("prune",
                         "Make the database smaller: remove superseded winners. If it is above the "
                         "limit, also remove kernels that won nothing and the winners that were "
                         "served least recently. What was stored or served within 30 days stays");
  auto flags = std::make_shared<PruneFlags>();
  command
      ->add_option("--max-bytes", flags->max_bytes,
                   "The largest size of the database, such as 500MB or 2GiB (default: the daemon's "
                   "max_cache_bytes)")
      ->type_name("BYTES");
  command->add_flag("--dry-run", flags->dry_run, "Count, and remove nothing");
  SetAction(*command, action, [flags](CommandContext& context) { return Prune(context, *flags); });
}

}  // namespace tilewright::cli
