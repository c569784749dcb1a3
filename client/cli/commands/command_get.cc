// `tilewright get`
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/files.h"
#include "client/cli/output/format.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"
#include "client/cli/problems/tune_command.h"
#include "proto/problem/family.h"
#include "proto/problem/sizes.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct GetFlags {
  ProblemFlags problem;
  TargetFlags target;
  std::string mode = "best_available";
  std::string deadline;
  std::string epoch;
  std::string pinned_hash;
  std::string output;
};

absl::StatusOr<GetOptions> ParseOptions(const GetFlags& flags) {
  GetOptions options;
  options.target = flags.target.target;
  ASSIGN_OR_RETURN(options.device_ordinal, DeviceOrdinal(flags.target));
  ASSIGN_OR_RETURN(options.mode, ParseName<v1::LookupMode>("mode", flags.mode));
  if (!flags.deadline.empty()) {
    ASSIGN_OR_RETURN(options.deadline, ParseDuration("deadline", flags.deadline));
  }
  if (!flags.epoch.empty()) {
    ASSIGN_OR_RETURN(options.pinned_epoch, ParseInteger("epoch", flags.epoch));
  }
  if (!flags.pinned_hash.empty()) {
    options.pinned_content_hash = FromHex(flags.pinned_hash);
    if (options.pinned_content_hash.size() != 32) {
      return InvalidField("hash", "INVALID_HASH",
                          absl::StrCat("must be 64 hex digits, was '", flags.pinned_hash, "'"));
    }
  }
  return options;
}

void AppendPlan(const v1::LaunchPlan& plan, const v1::Problem& problem, std::string& text) {
  for (const v1::LaunchStep& step : plan.steps()) {
    absl::StrAppend(&text, "launch        ", step.entry_symbol(), ": ",
                    Counted(step.block_threads(), "thread"), ", tile ", step.tile_m(), "x",
                    step.tile_n() == kWholeRow ? "all" : absl::StrCat(step.tile_n()), ", ",
                    FormatBytes(step.dynamic_shared_memory_bytes()), " shared memory, ",
                    Counted(step.registers_per_thread(), "register"));
    if (step.split_k() > 1) absl::StrAppend(&text, ", k split by ", step.split_k());
    absl::StrAppend(&text, "\n");
  }
  const v1::Requirements& needs = plan.requirements();
  std::vector<std::string> alignments;
  for (const TensorUse& use : FamilyOf(problem).TensorsOf(problem)) {
    if (use.IsMatrix()) alignments.push_back(absl::StrCat(use.name, " ", AlignmentOf(use, needs)));
  }
  absl::StrAppend(&text, "requires      alignment ", absl::StrJoin(alignments, ", "), " bytes");
  const ShapeFields fields = FamilyOf(problem).shape_fields();
  for (const auto& [field, divisor] :
       {std::pair(fields.m, needs.m_divisor()), std::pair(fields.n, needs.n_divisor()),
        std::pair(fields.k, needs.k_divisor())}) {
    if (divisor > 1) absl::StrAppend(&text, "; ", field, " a multiple of ", divisor);
  }
  if (needs.n_limit() > 0) absl::StrAppend(&text, "; ", fields.n, " at most ", needs.n_limit());
  absl::StrAppend(&text, "\n");
}

std::string DescribeKernel(const Kernel& kernel) {
  std::string text;
  if (kernel.is_vendor()) {
    absl::StrAppend(&text, "cublasLt      version ", kernel.vendor().library_version(),
                    ", heuristic result ", kernel.vendor().heuristic_rank(), "\n");
  } else {
    const auto bytes = static_cast<double>(kernel.cubin().size());
    absl::StrAppend(&text, "cubin         ", FormatBytes(bytes), " for ",
                    Printable(kernel.architecture()), ", NVRTC ",
                    Printable(kernel.response().kernel().nvrtc_version()), "\ncontent hash  ",
                    ToHex(kernel.content_hash()), "\n");
    AppendPlan(kernel.launch_plan(), kernel.any_problem(), text);
  }
  absl::StrAppend(&text, "workspace     ",
                  FormatBytes(static_cast<double>(kernel.WorkspaceBytes())), "\nepoch         ",
                  kernel.epoch(), "\n");
  if (!kernel.response().tuning().empty()) {
    absl::StrAppend(&text, "under way     ", Printable(kernel.response().tuning()),
                    ": a better kernel may follow\n");
  }
  return text;
}

Json KernelToJson(const Kernel& kernel) {
  Json object = ResultToJson(ResultOf(kernel));
  object["workspace_bytes"] = kernel.WorkspaceBytes();
  object["response"] = ToJson(kernel.response());
  return object;
}

absl::StatusOr<int> Get(CommandContext& context, const GetFlags& flags) {
  ASSIGN_OR_RETURN(const v1::Problem problem, ParseProblem(flags.problem));
  ASSIGN_OR_RETURN(GetOptions options, ParseOptions(flags));
  std::optional<OutputFile> output;
  if (!flags.output.empty()) {
    ASSIGN_OR_RETURN(output, context.output_file(flags.output));
  }
  // The deadline is for the whole command, with the time to find or start a daemon.
  std::optional<SteadyTime> end;
  if (options.deadline.count() > 0) end = DeadlineAfter(options.deadline);
  ASSIGN_OR_RETURN(Client * client, context.client(end));
  if (end.has_value()) {
    options.deadline = std::max(std::chrono::milliseconds(1), TimeUntil(*end));
  }
  const auto got = client->GetKernel(problem, options);
  if (!got.ok()) {
    return WithTuneCommand(got.status(), flags.problem, flags.target, context.PlaceFlags());
  }
  const Kernel& kernel = **got;
  if (output.has_value()) {
    if (kernel.is_vendor()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CUBIN",
                       "the answer is a cublasLt algorithm, which has no cubin to write");
    }
    RETURN_IF_ERROR(output->Write(kernel.cubin()));
  }
  if (context.json()) {
    context.PrintJson(KernelToJson(kernel));
  } else {
    context.out() << RenderResults({ResultOf(kernel)}, context.out_style())
                  << DescribeKernel(kernel);
    if (output.has_value()) context.Note(absl::StrCat("wrote the cubin to ", flags.output));
  }
  return kExitOk;
}

}  // namespace

void AddGet(CLI::App& app, Action& action) {
  CLI::App* get = app.add_subcommand("get", "Show the kernel that a trainer would get");
  auto flags = std::make_shared<GetFlags>();
  AddProblemCommands(*get, flags->problem, [&action, flags](CLI::App& kind) {
    AddTargetFlags(kind, flags->target);
    kind.add_option("--mode", flags->mode, "cached_only, best_available (default), or wait_tuned")
        ->type_name("MODE");
    kind.add_option("--deadline", flags->deadline,
                    "Longest time for the whole command (default 30s; with wait_tuned 10m)")
        ->type_name("TIME");
    kind.add_option("--epoch", flags->epoch, "Serve only winners of this epoch or before")
        ->type_name("N");
    kind.add_option("--hash", flags->pinned_hash, "Serve exactly the kernel with this content hash")
        ->type_name("HEX");
    kind.add_option("-o,--output", flags->output, "Write the cubin to FILE")->type_name("FILE");
    SetAction(kind, action, [flags](CommandContext& context) { return Get(context, *flags); });
  });
}

}  // namespace tilewright::cli
