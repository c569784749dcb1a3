#include "tuner/tuner.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/candidate_builder.h"
#include "tuner/candidate_order.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/select/pick_winner.h"
#include "tuner/space/search_space.h"
#include "tuner/target/target.h"
#include "tuner/tuning_deadlines.h"
#include "tuner/tuning_errors.h"
#include "tuner/verdicts.h"
#include "tuner/warm_start.h"
#include "tuner/winner_record.h"

namespace tilewright {
namespace {

constexpr int kDefaultCandidates = 48;
// Without a GPU the model alone decides: compiling more than a few only guards against a
// first pick that does not compile.
constexpr int kPredictedCandidates = 8;
// A cubin takes about 20 KiB.
constexpr std::size_t kMaxUnstoredCubins = 1000;

// Shares of a tuning's progress bar, in order of phases: compiling takes about half of a
// cold tune, checking and timing the rest.
constexpr double kCompileShare = 0.5;
constexpr double kCheckShare = 0.25;

v1::TuningProgress Progress(v1::TuningPhase phase, int done, int total, int failed,
                            double from, double share) {
  v1::TuningProgress progress;
  progress.set_phase(phase);
  progress.set_done(done);
  progress.set_total(total);
  progress.set_failed(failed);
  progress.set_fraction(from + (total > 0 ? share * done / total : 0));
  return progress;
}

bool AnyDeferred(const std::vector<v1::Candidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [](const v1::Candidate& candidate) {
    return candidate.failure().kind() == v1::FAILURE_KIND_DEFERRED;
  });
}

void LogVendorFailures(const std::vector<v1::Candidate>& vendors) {
  for (const v1::Candidate& vendor : vendors) {
    if (!vendor.has_failure()) continue;
    spdlog::warn("cublasLt algorithm {} left out: {}: {}", vendor.vendor().heuristic_rank(),
                 v1::FailureKind_Name(vendor.failure().kind()), vendor.failure().message());
  }
}

// The best of the templates, which stand before the vendor's algorithms: what a caller gets that
// cannot run the vendor's.
std::optional<Pick> PickTemplate(const TuningRecord& record, std::size_t templates) {
  const auto begin = record.candidates.begin();
  return PickWinner({begin, begin + static_cast<std::ptrdiff_t>(templates)});
}

}  // namespace

Tuner::Tuner(Compiler& compiler, Profiler& profiler, TuningStore& store, WinnerIndex& index,
             Clock& clock)
    : compiler_(compiler), profiler_(profiler), store_(store), index_(index), clock_(clock) {}

absl::StatusOr<TuneResult> Tuner::Tune(const TuneRequest& request,
                                       const Cancellation& cancellation,
                                       const ProgressSink& progress) {
  const bool measures = request.device_ordinal >= 0;
  const bool has_vendor = measures && !request.options.skip_vendor();
  const absl::Time start = clock_.Now();
  const Deadlines deadlines = DeadlinesOf(request.options, measures, start);
  TuneResult result;
  if (!measures) {
    const absl::Status proven = CheckErrorBudget(request.problem);
    if (!proven.ok()) return MeasuredOr(request, std::move(result), proven);
  }
  progress(Progress(v1::TUNING_PHASE_RANKING, 0, 1, 0, 0, 0));
  std::vector<RankedVariant> ranked = RankVariants(request.problem, request.target.silicon());
  if (ranked.empty() && !has_vendor) return NoTemplate(request.problem);
  result.legal_configs = static_cast<int>(ranked.size());
  const int limit = request.options.exhaustive()           ? result.legal_configs
                    : request.options.max_candidates() > 0 ? request.options.max_candidates()
                    : measures                           ? kDefaultCandidates
                                                         : kPredictedCandidates;
  SpreadKernels(ranked);
  if (measures) StartWarm(request.problem, request.target, index_, ranked);
  ranked.resize(std::min<std::size_t>(ranked.size(), limit));

  CandidateBuilder builder(compiler_, store_, clock_);
  ASSIGN_OR_RETURN(
      const BuildReport built,
      builder.Build(request.problem, request.target, ranked, deadlines.build, cancellation,
                    [&](int done, int total, int failed) {
                      progress(Progress(v1::TUNING_PHASE_COMPILING, done, total, failed, 0,
                                        measures ? kCompileShare : 1.0));
                    }));
  result.compiled = built.compiled;
  result.compile_seconds = absl::ToDoubleSeconds(clock_.Now() - start);

  TuningRecord record;
  record.winner = MakeWinner(request.problem, request.target, clock_.Now());
  record.legal_configs = result.legal_configs;
  std::vector<v1::Kernel> kernels;
  for (const BuiltCandidate& candidate : built.candidates) {
    record.candidates.push_back(candidate.candidate);
    kernels.push_back(candidate.kernel);
  }
  if (measures) {
    const absl::Time measuring = clock_.Now();
    RETURN_IF_ERROR(
        Measure(request, deadlines.end, kernels, cancellation, progress, record));
    result.measure_seconds = absl::ToDoubleSeconds(clock_.Now() - measuring);
    result.measured = static_cast<int>(
        std::count_if(record.candidates.begin(), record.candidates.end(),
                      [](const v1::Candidate& c) { return c.has_measurement(); }));
  } else {
    RETURN_IF_ERROR(FailQuarantined(store_, request.target.silicon(), record.candidates));
  }
  const auto pick = PickWinner(record.candidates);
  if (!pick) {
    if (record.candidates.empty()) return NoTemplate(request.problem);
    const bool was_late = built.out_of_time || clock_.Now() >= deadlines.end;
    if (!was_late || !AnyDeferred(record.candidates)) return NoCandidate(record.candidates);
    return MeasuredOr(request, std::move(result), BudgetTooShort(deadlines.budget));
  }
  progress(Progress(v1::TUNING_PHASE_STORING, 0, 1, 0, 1.0, 0));
  const v1::Candidate& best = record.candidates[pick->index];
  EnterPick(*pick, best, measures, record.winner.winner);
  std::string cubin;
  if (const auto served = best.has_vendor() ? PickTemplate(record, kernels.size()) : pick) {
    record.winner.kernel = kernels[served->index];
    cubin = std::move(*record.winner.kernel.mutable_cubin());
    record.winner.kernel.clear_cubin();
    if (best.has_vendor()) {
      record.winner.fallback = WithoutSamples(record.candidates[served->index]);
    }
  }
  return Store(request, record, cubin, built.stored, std::move(result));
}

absl::StatusOr<TuneResult> Tuner::MeasuredOr(const TuneRequest& request, TuneResult result,
                                             const absl::Status& error) {
  auto measured = MeasuredWinner(request);
  if (!measured) return error;
  result.winner = *std::move(measured);
  return result;
}

absl::StatusOr<TuneResult> Tuner::Store(const TuneRequest& request, TuningRecord& record,
                                        const std::string& cubin, const absl::Status& kept,
                                        TuneResult result) {
  absl::MutexLock publishing(&index_.publishing());
  if (request.device_ordinal < 0) {
    // A measurement may have been stored while the model's picks were compiled.
    if (auto measured = MeasuredWinner(request)) {
      result.winner = *std::move(measured);
      return result;
    }
  }
  const absl::StatusOr<int64_t> epoch = store_.PutTuning(record);
  if (epoch.ok()) {
    record.winner.winner.set_epoch(*epoch);
    index_.Insert(record.winner);
  } else {
    KeepUnstored(request, cubin, kept.ok() ? epoch.status() : kept, record.winner);
  }
  result.winner = std::move(record.winner);
  return result;
}

void Tuner::KeepUnstored(const TuneRequest& request, const std::string& cubin,
                         const absl::Status& cause, StoredWinner& winner) {
  spdlog::error("the winner of {} is served, but not stored: {}",
                DescribeProblem(request.problem), std::string(cause.message()));
  winner.winner.set_reason(
      absl::StrCat(winner.winner.reason(), "; not stored: ", cause.message()));
  if (!cubin.empty()) {
    absl::MutexLock lock(&mutex_);
    // One that goes is compiled again when it is asked for.
    if (unstored_cubins_.size() >= kMaxUnstoredCubins) {
      unstored_cubins_.erase(unstored_cubins_.begin());
    }
    unstored_cubins_[winner.kernel.content_hash()] = cubin;
  }
  // Without an epoch it comes before every stored winner, and takes no stored one's place.
  if (FindExact(request).winner == nullptr) index_.Insert(winner);
}

absl::StatusOr<std::string> Tuner::GetCubin(const std::string& content_hash) {
  absl::StatusOr<std::string> cubin = store_.GetCubin(content_hash);
  if (cubin.ok()) return cubin;
  absl::MutexLock lock(&mutex_);
  const auto unstored = unstored_cubins_.find(content_hash);
  if (unstored != unstored_cubins_.end()) return unstored->second;
  return cubin;
}

absl::Status Tuner::Measure(const TuneRequest& request, absl::Time deadline,
                            const std::vector<v1::Kernel>& kernels,
                            const Cancellation& cancellation, const ProgressSink& progress,
                            TuningRecord& record) {
  const std::string silicon_key = SiliconKey(request.target.silicon());
  ProfileRequest profile;
  profile.problem = request.problem;
  profile.device_ordinal = request.device_ordinal;
  profile.include_vendor = !request.options.skip_vendor();
  profile.deadline = deadline;
  std::vector<std::size_t> candidate_of_kernel;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    v1::Candidate& candidate = record.candidates[i];
    if (candidate.has_failure()) continue;
    ASSIGN_OR_RETURN(const auto quarantined,
                     store_.FindQuarantined(candidate.content_hash(), silicon_key));
    if (quarantined) {
      *candidate.mutable_failure() = *quarantined;
      continue;
    }
    profile.kernels.push_back(kernels[i]);
    candidate_of_kernel.push_back(i);
  }
  // The library alone may still serve what every template failed at.
  if (profile.kernels.empty() && !profile.include_vendor) return absl::OkStatus();

  ASSIGN_OR_RETURN(
      const ProfileReport report,
      profiler_.Profile(profile, cancellation, [&](const v1::TuningProgress& step) {
        const bool checking = step.phase() == v1::TUNING_PHASE_CHECKING;
        v1::TuningProgress overall =
            Progress(step.phase(), step.done(), step.total(), step.failed(),
                     kCompileShare + (checking ? 0 : kCheckShare),
                     checking ? kCheckShare : 1 - kCompileShare - kCheckShare);
        overall.set_best_seconds(step.best_seconds());
        progress(overall);
      }));
  for (std::size_t i = 0; i < report.kernels.size(); ++i) {
    v1::Candidate& candidate = record.candidates[candidate_of_kernel[i]];
    const double predicted = candidate.predicted_seconds();
    candidate = report.kernels[i];
    candidate.set_predicted_seconds(predicted);
    if (candidate.has_failure() && IsVerdict(candidate.failure())) {
      const absl::Status put = store_.Quarantine(candidate.content_hash(), silicon_key,
                                                 candidate.failure());
      if (!put.ok()) spdlog::warn("a failed kernel is not quarantined: {}", put.ToString());
      index_.Quarantine(candidate.content_hash(), silicon_key);
    }
  }
  FailSharers(record.candidates);
  LogVendorFailures(report.vendors);
  EnterVendorTimes(report.vendors, record.winner.winner);
  record.candidates.insert(record.candidates.end(), report.vendors.begin(),
                           report.vendors.end());
  return absl::OkStatus();
}

IndexHit Tuner::FindExact(const TuneRequest& request) {
  IndexQuery query;
  query.problem = request.problem;
  query.silicon = request.target.silicon();
  query.environment = request.target.environment();
  IndexHit hit = index_.Find(query);
  return hit.match == v1::MATCH_EXACT ? hit : IndexHit();
}

std::optional<StoredWinner> Tuner::MeasuredWinner(const TuneRequest& request) {
  const IndexHit hit = FindExact(request);
  if (hit.winner == nullptr) return std::nullopt;
  // One whose kernel is damaged cannot be served; the prediction can.
  const std::string& hash = hit.winner->kernel.content_hash();
  if (!hash.empty() && !GetCubin(hash).ok()) return std::nullopt;
  return *hit.winner;
}

absl::StatusOr<StoredWinner> Tuner::Predict(const TuneRequest& request,
                                            const Cancellation& cancellation) {
  TuneRequest prediction = request;
  prediction.device_ordinal = -1;
  ASSIGN_OR_RETURN(TuneResult result,
                   Tune(prediction, cancellation, [](const v1::TuningProgress&) {}));
  return std::move(result.winner);
}

absl::StatusOr<v1::Kernel> Tuner::LoadKernel(const StoredWinner& winner) {
  v1::Kernel kernel = winner.kernel;
  ASSIGN_OR_RETURN(*kernel.mutable_cubin(), GetCubin(kernel.content_hash()));
  return kernel;
}

}  // namespace tilewright
