#include "server/lookup/source_renderer.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/stop_signal.h"
#include "server/tuning/vendor_winner.h"
#include "tuner/codegen/source_digest.h"
#include "tuner/codegen/template_library.h"
#include "tuner/compile/compile_options.h"
#include "tuner/search/plan_resources.h"
#include "tuner/search/tuning_errors.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// Two threads, so that one slow compile does not delay every other answer.
constexpr int kRendererThreads = 2;
constexpr std::size_t kRendererQueue = 64;
// Errors quote at most this much of a caller's name.
constexpr std::size_t kMaxNameBytes = 64;

// A variant and its provenance.
struct Choice {
  const Template* of = nullptr;
  v1::Config config;
  v1::Provenance provenance = v1::PROVENANCE_UNSPECIFIED;
};

// Returns the variant of this problem's own winner, if it is legal on the target and belongs to
// `wanted` (null: any template).
std::optional<Choice> ChooseStored(const TuneRequest& tune, const IndexHit& stored,
                                   const Template* wanted) {
  if (stored.winner == nullptr || stored.winner->problem_encoding != EncodeProblem(tune.problem)) {
    return std::nullopt;
  }
  // The form for callers that cannot run the vendor's algorithms.
  const IndexHit hit = ForCaller(stored, /*library_version=*/0);
  if (hit.winner == nullptr) return std::nullopt;
  const v1::Variant& variant = hit.winner->kernel.variant();
  const Template* const of = FindTemplate(variant.template_name());
  if (of == nullptr || (wanted != nullptr && of != wanted) ||
      of->BrokenConstraint(tune.problem, tune.target.silicon(), variant.config())) {
    return std::nullopt;
  }
  return Choice{of, variant.config(), hit.winner->winner.provenance()};
}

// Returns what to render if the request names no parameter. The config is empty if the template
// serves the problem but enumerates no config for it.
absl::StatusOr<Choice> ChooseDefault(const TuneRequest& tune, const IndexHit& stored,
                                     const Template* wanted) {
  if (auto choice = ChooseStored(tune, stored, wanted)) return *std::move(choice);
  const auto ranked = RankVariants(tune.problem, tune.target.silicon(), wanted);
  if (!ranked.empty()) {
    const v1::Variant& first = ranked.front().variant;
    return Choice{FindTemplate(first.template_name()), first.config(), v1::PROVENANCE_PREDICTED};
  }
  if (wanted == nullptr) return NoTemplate(tune.problem);
  return Choice{wanted, {}, v1::PROVENANCE_UNSPECIFIED};
}

// Replaces values of the choice by those in `given`. CheckLegal refuses a repeated name.
absl::Status Override(const v1::Config& given, Choice& choice) {
  const std::vector<ParameterInfo>& known = choice.of->parameters();
  for (const v1::Parameter& parameter : given.parameters()) {
    if (std::any_of(known.begin(), known.end(),
                    [&](const ParameterInfo& info) { return info.name == parameter.name(); })) {
      continue;
    }
    const auto append = [](std::string* out, const ParameterInfo& info) { out->append(info.name); };
    return InvalidField(
        absl::StrCat("variant.config.", parameter.name().substr(0, kMaxNameBytes)),
        "UNKNOWN_PARAMETER",
        absl::StrCat(std::string(choice.of->name()), " has no such parameter; it has ",
                     absl::StrJoin(known, ", ", append)));
  }
  v1::Config config = given;
  for (const v1::Parameter& own : choice.config.parameters()) {
    const bool replaced =
        std::any_of(given.parameters().begin(), given.parameters().end(),
                    [&](const v1::Parameter& other) { return other.name() == own.name(); });
    if (!replaced) *config.add_parameters() = own;
  }
  std::sort(config.mutable_parameters()->begin(), config.mutable_parameters()->end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  if (config.SerializeAsString() == choice.config.SerializeAsString()) return absl::OkStatus();
  choice.config = std::move(config);
  choice.provenance = v1::PROVENANCE_UNSPECIFIED;
  return absl::OkStatus();
}

// Checks `choice`, which `given` asked for. An error is about the part of `given` that is there.
absl::Status CheckLegal(const TuneRequest& tune, const v1::Variant& given, const Choice& choice) {
  const auto broken =
      choice.of->BrokenConstraint(tune.problem, tune.target.silicon(), choice.config);
  if (!broken) return absl::OkStatus();
  if (given.config().parameters().empty()) {
    const std::string none = absl::StrCat(std::string(choice.of->name()),
                                          " offers no config for this problem on this target");
    // An empty config breaks this one, which says nothing about other configs.
    if (*broken == "HasParameters") {
      return InvalidField("variant.template_name", "ILLEGAL_CONFIG",
                          absl::StrCat(none, "; name one"));
    }
    return WithMetadata(InvalidField("variant.template_name", "ILLEGAL_CONFIG",
                                     absl::StrCat(none, " (", *broken, ")")),
                        "constraint", *broken);
  }
  // Render's error names the wrong parameter.
  if (*broken == "HasParameters") return choice.of->Render(tune.problem, choice.config).status();
  return WithMetadata(InvalidField("variant.config", "ILLEGAL_CONFIG",
                                   absl::StrCat("breaks ", *broken, ", a constraint of ",
                                                std::string(choice.of->name()))),
                      "constraint", *broken);
}

}  // namespace

SourceRenderer::SourceRenderer(DeviceTable& devices, const WinnerIndex& index, Compiler& compiler)
    : devices_(devices),
      index_(index),
      compiler_(compiler),
      executor_("source", kRendererThreads, kRendererQueue) {}

absl::StatusOr<v1::RenderSourceResponse> SourceRenderer::Render(
    const v1::RenderSourceRequest& request) {
  ASSIGN_OR_RETURN(TuneRequest tune, ResolveTuning(request.problem(), request.target(),
                                                   request.device_ordinal(), devices_));
  ASSIGN_OR_RETURN(const std::string architecture, ArchitectureFor(tune.target.silicon()));
  if (request.compile()) {
    RETURN_IF_ERROR(devices_.CheckNvrtcIsKnown());
    devices_.Complete(*tune.target.mutable_environment());
  }
  const Template* wanted = nullptr;
  if (!request.variant().template_name().empty()) {
    ASSIGN_OR_RETURN(wanted, TemplateOf(request.variant()));
  }
  ASSIGN_OR_RETURN(Choice choice, ChooseDefault(tune, FindStored(tune, index_, devices_), wanted));
  RETURN_IF_ERROR(Override(request.variant().config(), choice));
  RETURN_IF_ERROR(CheckLegal(tune, request.variant(), choice));

  v1::RenderSourceResponse response;
  v1::Kernel& kernel = *response.mutable_kernel();
  kernel.mutable_variant()->set_template_name(std::string(choice.of->name()));
  *kernel.mutable_variant()->mutable_config() = choice.config;
  kernel.mutable_variant()->set_summary(choice.of->Describe(choice.config));
  ASSIGN_OR_RETURN(*kernel.mutable_launch_plan(),
                   choice.of->PlanFor(tune.problem, tune.target.silicon(), choice.config));
  kernel.set_architecture(architecture);
  kernel.set_nvrtc_version(tune.target.environment().nvrtc_version());
  response.set_provenance(choice.provenance);
  ASSIGN_OR_RETURN(*response.mutable_source(), choice.of->Render(tune.problem, choice.config));
  for (const EmbeddedFile& included : IncludedFiles(response.source(), TemplateLibrary())) {
    v1::SourceFile& file = *response.add_files();
    file.set_path(std::string(included.path));
    file.set_text(std::string(included.text));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> options,
                   CompileOptions(architecture, ParseNvrtcVersion(kernel.nvrtc_version())));
  *response.mutable_compile_options() = {options.begin(), options.end()};
  if (request.compile()) RETURN_IF_ERROR(Compile(response));
  return response;
}

absl::Status SourceRenderer::Compile(v1::RenderSourceResponse& response) {
  v1::Kernel& kernel = *response.mutable_kernel();
  CompileOutcome outcome;
  const absl::Status compiled = compiler_.CompileAll(
      {{.source = response.source(),
        .architecture = kernel.architecture(),
        .entry_symbols = EntrySymbols(kernel.launch_plan()),
        .wants_ptx = true}},
      cancellation_,
      [&outcome](std::size_t, CompileOutcome result) { outcome = std::move(result); });
  if (cancellation_.IsCancelled()) return ServerStopping();
  RETURN_IF_ERROR(compiled);
  if (auto* failure = std::get_if<v1::Failure>(&outcome)) {
    *response.mutable_failure() = std::move(*failure);
    return absl::OkStatus();
  }
  CompiledCode& code = std::get<CompiledCode>(outcome);
  if (auto failure = EnterResources(code, *kernel.mutable_launch_plan())) {
    *response.mutable_failure() = *std::move(failure);
  }
  kernel.set_content_hash(Sha256(code.cubin));
  kernel.set_cubin(std::move(code.cubin));
  response.set_ptx(std::move(code.ptx));
  return absl::OkStatus();
}

void SourceRenderer::Stop() {
  cancellation_.Cancel();
  executor_.Stop();
}

}  // namespace tilewright
