#include "tuner/search/candidate_builder.h"

#include <atomic>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/failure.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/compile/compile_key.h"
#include "tuner/compile/compile_options.h"
#include "tuner/search/plan_resources.h"
#include "tuner/target/target.h"

namespace tilewright {

// One distinct source, and the variants that wait for it.
struct CandidateBuilder::SourceGroup {
  CompileJob job;
  std::string compile_key;
  std::vector<std::size_t> members;
  bool done = false;
};

absl::StatusOr<BuildReport> CandidateBuilder::Build(const v1::Problem& problem,
                                                    const v1::Target& target,
                                                    const std::vector<RankedVariant>& variants,
                                                    const BuildLimits& limits,
                                                    const Cancellation& cancellation,
                                                    const Callbacks& callbacks) {
  ASSIGN_OR_RETURN(const std::string architecture, ArchitectureFor(target.silicon()));
  const std::string& nvrtc_version = target.environment().nvrtc_version();
  ASSIGN_OR_RETURN(const std::vector<std::string> options,
                   CompileOptions(architecture, ParseNvrtcVersion(nvrtc_version)));

  BuildReport report;
  report.candidates.resize(variants.size());
  std::vector<SourceGroup> groups;
  std::map<std::string, std::size_t> group_of_key;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    BuiltCandidate& built = report.candidates[i];
    ASSIGN_OR_RETURN(const Template* const of, TemplateOf(variants[i].variant));
    const v1::Config& config = variants[i].variant.config();
    *built.candidate.mutable_variant() = variants[i].variant;
    built.candidate.mutable_variant()->set_summary(of->Describe(config));
    built.candidate.set_predicted_seconds(variants[i].predicted_seconds);
    *built.kernel.mutable_variant() = built.candidate.variant();
    built.kernel.set_architecture(architecture);
    built.kernel.set_nvrtc_version(nvrtc_version);
    ASSIGN_OR_RETURN(*built.kernel.mutable_launch_plan(),
                     of->PlanFor(problem, target.silicon(), config));
    CompileJob job;
    ASSIGN_OR_RETURN(job.source, of->Render(problem, config));
    job.architecture = architecture;
    job.entry_symbols = EntrySymbols(built.kernel.launch_plan());
    const std::string key = CompileKey(job, nvrtc_version, of->Digest(), options);
    const auto [found, inserted] = group_of_key.emplace(key, groups.size());
    if (inserted) groups.push_back({std::move(job), key, {}});
    groups[found->second].members.push_back(i);
  }

  RETURN_IF_ERROR(CompileMissing(limits, cancellation, callbacks, groups, report));
  for (SourceGroup& group : groups) {
    if (group.done) continue;
    const v1::Failure late =
        MakeFailure(v1::FAILURE_KIND_DEFERRED, "the time ran out before it was compiled");
    RETURN_IF_ERROR(Complete(group, late, callbacks, report));
  }
  return report;
}

absl::Status CandidateBuilder::Complete(SourceGroup& group, const CompileOutcome& outcome,
                                        const Callbacks& callbacks, BuildReport& report) {
  group.done = true;
  for (const std::size_t member : group.members) {
    BuiltCandidate& built = report.candidates[member];
    if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
      *built.candidate.mutable_failure() = *failure;
    } else {
      const auto& code = std::get<CompiledCode>(outcome);
      built.kernel.set_cubin(code.cubin);
      built.kernel.set_content_hash(Sha256(code.cubin));
      built.candidate.set_content_hash(built.kernel.content_hash());
      if (auto broken = EnterResources(code, *built.kernel.mutable_launch_plan())) {
        *built.candidate.mutable_failure() = *std::move(broken);
      }
    }
    RETURN_IF_ERROR(callbacks.on_built(member, built));
  }
  return absl::OkStatus();
}

absl::Status CandidateBuilder::CompileMissing(const BuildLimits& limits,
                                              const Cancellation& cancellation,
                                              const Callbacks& callbacks,
                                              std::vector<SourceGroup>& groups,
                                              BuildReport& report) {
  int done = 0;
  int failed = 0;
  const int total = static_cast<int>(groups.size());
  std::atomic<bool> has_kernel = false;
  std::vector<CompileJob> jobs;
  std::vector<std::size_t> group_of_job;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    auto cached = store_.FindCompiled(groups[g].compile_key);
    if (cached.ok() && cached->has_value()) {
      RETURN_IF_ERROR(Complete(groups[g], **std::move(cached), callbacks, report));
      has_kernel = true;
      ++done;
      continue;
    }
    jobs.push_back(groups[g].job);
    group_of_job.push_back(g);
  }
  callbacks.on_progress(done, total, failed);
  if (jobs.empty()) return absl::OkStatus();

  const Cancellation until = cancellation.Or([&] {
    const SteadyTime now = clock_.SteadyNow();
    return now >= limits.end || (now >= limits.enough && has_kernel);
  });
  absl::Status delivered;
  const absl::Status status =
      compiler_.CompileAll(std::move(jobs), until, [&](std::size_t index, CompileOutcome outcome) {
        SourceGroup& group = groups[group_of_job[index]];
        // Comes before PutCompiled, because the cache writes to disk.
        delivered.Update(Complete(group, outcome, callbacks, report));
        if (const auto* code = std::get_if<CompiledCode>(&outcome)) {
          has_kernel = true;
          if (const absl::Status put = store_.PutCompiled(group.compile_key, *code); !put.ok()) {
            spdlog::warn("a compiled kernel could not be cached: {}", put.ToString());
            report.keep_failure.Update(put);
          }
        } else {
          // A compiler returns DEFERRED only if something outside ended its workers.
          report.worker_lost |= std::get<v1::Failure>(outcome).kind() == v1::FAILURE_KIND_DEFERRED;
          ++failed;
        }
        ++report.compiled;
        callbacks.on_progress(++done, total, failed);
      });
  RETURN_IF_ERROR(delivered);
  report.out_of_time = absl::IsCancelled(status) && !cancellation.IsCancelled();
  return report.out_of_time ? absl::OkStatus() : status;
}

}  // namespace tilewright
