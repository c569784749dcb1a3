// `tilewright get gemm`
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/enum_names.h"
#include "client/cli/files.h"
#include "client/cli/format.h"
#include "client/cli/gemm_flags.h"
#include "client/cli/parse.h"
#include "client/cli/report.h"
#include "client/cli/target_flags.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

struct Flags {
  GemmFields gemm;
  TargetFlags target;
  std::string mode = "best_available";
  std::string deadline;
  std::string epoch;
  std::string pinned_hash;
  std::string output;
};

absl::StatusOr<GetOptions> ParseOptions(const Flags& flags) {
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

void AppendPlan(const v1::LaunchPlan& plan, std::string& text) {
  for (const v1::LaunchStep& step : plan.steps()) {
    absl::StrAppend(&text, "launch        ", step.entry_symbol(), ": ", step.block_threads(),
                    " threads, tile ", step.tile_m(), "x", step.tile_n(), ", ",
                    FormatBytes(step.dynamic_shared_memory_bytes()), " shared memory, ",
                    step.registers_per_thread(), " registers");
    if (step.split_k() > 1) absl::StrAppend(&text, ", k split by ", step.split_k());
    absl::StrAppend(&text, "\n");
  }
  const v1::Requirements& needs = plan.requirements();
  absl::StrAppend(&text, "requires      alignment A ", needs.a_alignment(), ", B ",
                  needs.b_alignment(), ", D ", needs.d_alignment(), " bytes; m, n, k divisible by ",
                  needs.m_divisor(), ", ", needs.n_divisor(), ", ", needs.k_divisor(), "\n");
}

std::string DescribeKernel(const Kernel& kernel) {
  std::string text;
  if (kernel.is_vendor()) {
    absl::StrAppend(&text, "cublasLt      version ", kernel.vendor().library_version(),
                    ", heuristic result ", kernel.vendor().heuristic_rank(), "\n");
  } else {
    const auto bytes = static_cast<double>(kernel.cubin().size());
    absl::StrAppend(&text, "cubin         ", FormatBytes(bytes), " for ", kernel.architecture(), ", NVRTC ",
                    kernel.response().kernel().nvrtc_version(), "\ncontent hash  ",
                    ToHex(kernel.content_hash()), "\n");
    AppendPlan(kernel.launch_plan(), text);
  }
  absl::StrAppend(&text, "workspace     ",
                  FormatBytes(static_cast<double>(kernel.WorkspaceBytes())), "\nepoch         ",
                  kernel.epoch(), "\n");
  if (!kernel.response().tuning().empty()) {
    absl::StrAppend(&text, "under way     ", kernel.response().tuning(),
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

absl::StatusOr<int> Get(Session& session, const Flags& flags) {
  ASSIGN_OR_RETURN(const v1::GemmProblem problem, ParseGemm(flags.gemm));
  ASSIGN_OR_RETURN(const GetOptions options, ParseOptions(flags));
  ASSIGN_OR_RETURN(Client * client, session.client());
  ASSIGN_OR_RETURN(const std::shared_ptr<const Kernel> kernel,
                   client->GetKernel(problem, options));
  if (!flags.output.empty()) {
    if (kernel->is_vendor()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CUBIN",
                       "the answer is a cublasLt algorithm, which has no cubin to write");
    }
    RETURN_IF_ERROR(WriteFileAtomically(flags.output, kernel->cubin()));
  }
  if (session.json()) {
    session.PrintJson(KernelToJson(*kernel));
  } else {
    session.out() << RenderResults({ResultOf(*kernel)}, session.out_style())
                  << DescribeKernel(*kernel);
    if (!flags.output.empty()) session.Note(absl::StrCat("wrote the cubin to ", flags.output));
  }
  return kExitOk;
}

}  // namespace

void AddGet(CLI::App& app, Action& action) {
  CLI::App* get = app.add_subcommand("get", "Show the kernel that a trainer would get");
  get->require_subcommand(1);
  CLI::App* gemm = get->add_subcommand("gemm", "D[m,n] = epilogue(op(A)[m,k] . op(B)[k,n])");
  auto flags = std::make_shared<Flags>();
  AddGemmFlags(*gemm, flags->gemm);
  AddTargetFlags(*gemm, flags->target);
  gemm->add_option("--mode", flags->mode,
                   "cached_only, best_available (default), or wait_tuned")
      ->type_name("MODE");
  gemm->add_option("--deadline", flags->deadline, "Longest wait (default 30s; wait_tuned: 10m)")
      ->type_name("TIME");
  gemm->add_option("--epoch", flags->epoch, "Only winners of this epoch or before")
      ->type_name("N");
  gemm->add_option("--hash", flags->pinned_hash, "Exactly the kernel of this content hash")
      ->type_name("HEX");
  gemm->add_option("-o,--output", flags->output, "Write the cubin here")->type_name("FILE");
  gemm->callback([&action, flags] {
    action = [flags](Session& session) { return Get(session, *flags); };
  });
}

}  // namespace tilewright::cli
