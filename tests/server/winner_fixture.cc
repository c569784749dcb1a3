#include "tests/server/winner_fixture.h"

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/timestamps.h"
#include "tests/fakes/stub_cubin.h"
#include "tests/tuner/template/variants.h"
#include "tuner/search/competing_templates.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"
#include "tuner/template/fused_dropout/work.h"
#include "tuner/template/registry.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

absl::StatusOr<v1::Kernel> KernelOf(const WinnerSpec& spec, const v1::Problem& canonical,
                                    const std::string& cubin) {
  const auto ranked = RankVariants(canonical, spec.target.silicon());
  if (ranked.empty()) return absl::InternalError("no variant");
  v1::Kernel kernel;
  *kernel.mutable_variant() = ranked.front().variant;
  ASSIGN_OR_RETURN(*kernel.mutable_launch_plan(),
                   PlanForVariant(canonical, spec.target.silicon(), ranked.front().variant));
  ASSIGN_OR_RETURN(*kernel.mutable_architecture(), ArchitectureFor(spec.target.silicon()));
  kernel.set_nvrtc_version(spec.target.environment().nvrtc_version());
  kernel.set_content_hash(Sha256(cubin));
  return kernel;
}

v1::Candidate CandidateOf(const WinnerSpec& spec, const v1::Kernel& kernel) {
  v1::Candidate candidate;
  *candidate.mutable_variant() = kernel.variant();
  candidate.set_content_hash(kernel.content_hash());
  candidate.set_predicted_seconds(spec.seconds);
  if (spec.provenance != v1::PROVENANCE_PREDICTED) {
    candidate.mutable_measurement()->set_median_seconds(spec.seconds);
  }
  return candidate;
}

}  // namespace

v1::Problem GemmProblemOf(int64_t m, int64_t n, int64_t k) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(m);
  problem.mutable_gemm()->set_n(n);
  problem.mutable_gemm()->set_k(k);
  return problem;
}

std::string FakeCubin(std::size_t bytes, uint64_t seed, std::string_view architecture) {
  std::vector<std::string> symbols;
  for (const std::string_view symbol : {kGemmEntry, kReduceEntry, kSplitEpilogueEntry,
                                        kColumnSumsEntry, kFusedDropoutEntry, kColumnReduceEntry}) {
    symbols.emplace_back(symbol);
  }
  std::mt19937_64 generator(seed);
  std::string code(bytes, '\0');
  for (char& byte : code) byte = static_cast<char>(generator());
  const std::size_t excess = StubCubin(code, architecture, symbols).size() - bytes;
  return StubCubin(std::string_view(code).substr(excess), architecture, symbols);
}

absl::StatusOr<StoredWinner> PutWinner(const WinnerSpec& spec, TuningStore& store,
                                       WinnerIndex& index) {
  ASSIGN_OR_RETURN(const v1::Problem canonical, Canonicalize(spec.problem));
  ASSIGN_OR_RETURN(const std::string architecture, ArchitectureFor(spec.target.silicon()));
  const std::string cubin = spec.cubin.empty() ? FakeCubin(40000, 1, architecture) : spec.cubin;
  StoredWinner stored;
  ASSIGN_OR_RETURN(stored.kernel, KernelOf(spec, canonical, cubin));
  stored.problem_encoding = EncodeProblem(canonical);
  stored.shapeless_key = ShapelessKey(canonical);
  stored.silicon_key = SiliconKey(spec.target.silicon());
  stored.environment_key = EnvironmentKey(spec.target.environment());
  *stored.winner.mutable_problem() = canonical;
  *stored.winner.mutable_target() = spec.target;
  *stored.winner.mutable_candidate() = CandidateOf(spec, stored.kernel);
  stored.winner.set_provenance(spec.provenance);
  for (v1::TemplateDigest& digest : CompetingTemplates(canonical, spec.target.silicon())) {
    if (spec.other_templates) digest.set_digest("of another version");
    *stored.winner.add_template_digests() = std::move(digest);
  }
  *stored.winner.mutable_create_time() = ToTimestamp(absl::Now());
  stored.winner.set_key(
      WinnerKey(stored.problem_encoding, stored.silicon_key, stored.environment_key));
  CompiledCode code;
  code.cubin = cubin;
  RETURN_IF_ERROR(store.PutCompiled(Sha256("compile key of " + cubin), code));
  TuningRecord record{.winner = stored, .candidates = {stored.winner.candidate()}};
  ASSIGN_OR_RETURN(const int64_t epoch, store.PutTuning(record));
  stored.winner.set_epoch(epoch);
  index.Insert(stored);
  return stored;
}

}  // namespace tilewright
