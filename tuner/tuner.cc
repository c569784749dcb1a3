#include "tuner/tuner.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/candidate_builder.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/select/pick_winner.h"
#include "tuner/space/search_space.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr int kDefaultCandidates = 64;
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

v1::Candidate WithoutSamples(v1::Candidate candidate) {
  if (candidate.has_measurement()) candidate.mutable_measurement()->clear_seconds();
  return candidate;
}

void SetVendorTimes(const std::vector<v1::Candidate>& vendors, v1::Winner& winner) {
  for (const v1::Candidate& vendor : vendors) {
    if (!vendor.has_measurement()) continue;
    const double median = vendor.measurement().median_seconds();
    if (vendor.vendor().heuristic_rank() == 0) winner.set_vendor_first_seconds(median);
    if (winner.vendor_best_seconds() == 0 || median < winner.vendor_best_seconds()) {
      winner.set_vendor_best_seconds(median);
    }
  }
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  timestamp.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(
      time - absl::FromUnixSeconds(timestamp.seconds()))));
  return timestamp;
}

StoredWinner MakeWinner(const TuneRequest& request, absl::Time now) {
  StoredWinner stored;
  stored.problem_encoding = EncodeProblem(request.problem);
  stored.family_key = ProblemFamilyKey(request.problem);
  stored.silicon_key = SiliconKey(request.target.silicon());
  stored.environment_key = EnvironmentKey(request.target.environment());
  v1::Winner& winner = stored.winner;
  *winner.mutable_problem() = request.problem;
  *winner.mutable_target() = request.target;
  winner.set_roofline_seconds(RooflineSeconds(request.problem, request.target.silicon()));
  *winner.mutable_create_time() = ToTimestamp(now);
  winner.set_key(WinnerKey(stored.problem_encoding, stored.silicon_key, stored.environment_key));
  return stored;
}

// What went wrong, for a tuning of which nothing is left: the first failure of each kind.
std::string SummarizeFailures(const std::vector<v1::Candidate>& candidates) {
  std::vector<v1::FailureKind> seen;
  std::string summary;
  for (const v1::Candidate& candidate : candidates) {
    const v1::FailureKind kind = candidate.failure().kind();
    if (std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
    seen.push_back(kind);
    absl::StrAppend(&summary, summary.empty() ? "" : "; ", v1::FailureKind_Name(kind), ": ",
                    candidate.failure().message());
  }
  return summary;
}

absl::Status NoCandidate(const std::vector<v1::Candidate>& candidates) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CANDIDATE",
                   absl::StrCat("all ", candidates.size(), " candidates failed: ",
                                SummarizeFailures(candidates)));
}

absl::StatusOr<std::vector<RankedVariant>> RankOrExplain(const TuneRequest& request) {
  std::vector<RankedVariant> ranked =
      RankVariants(request.problem, request.target.silicon());
  if (ranked.empty()) {
    return Unimplemented("problem", absl::StrCat("no template of this version serves ",
                                                 DescribeProblem(request.problem),
                                                 " on this target"));
  }
  return ranked;
}

}  // namespace

Tuner::Tuner(Compiler& compiler, Profiler& profiler, TuningStore& store, WinnerIndex& index,
             Clock& clock)
    : compiler_(compiler), profiler_(profiler), store_(store), index_(index), clock_(clock) {}

absl::StatusOr<TuneResult> Tuner::Tune(const TuneRequest& request,
                                       const Cancellation& cancellation,
                                       const ProgressSink& progress) {
  const bool measures = request.device_ordinal >= 0;
  const absl::Time start = clock_.Now();
  progress(Progress(v1::TUNING_PHASE_RANKING, 0, 1, 0, 0, 0));
  ASSIGN_OR_RETURN(std::vector<RankedVariant> ranked, RankOrExplain(request));

  TuneResult result;
  result.legal_configs = static_cast<int>(ranked.size());
  const int limit = request.options.max_candidates() > 0 ? request.options.max_candidates()
                    : measures                           ? kDefaultCandidates
                                                         : kPredictedCandidates;
  ranked.resize(std::min<std::size_t>(ranked.size(), limit));

  CandidateBuilder builder(compiler_, store_);
  ASSIGN_OR_RETURN(
      BuildReport built,
      builder.Build(request.problem, request.target, ranked, cancellation,
                    [&](int done, int total, int failed) {
                      progress(Progress(v1::TUNING_PHASE_COMPILING, done, total, failed, 0,
                                        measures ? kCompileShare : 1.0));
                    }));
  result.compiled = built.compiled;
  result.compile_seconds = absl::ToDoubleSeconds(clock_.Now() - start);

  StoredWinner stored = MakeWinner(request, clock_.Now());
  TuningRecord record;
  std::vector<v1::Kernel> kernels;
  for (const BuiltCandidate& candidate : built.candidates) {
    record.candidates.push_back(candidate.candidate);
    kernels.push_back(candidate.kernel);
  }
  if (measures) {
    const absl::Time measuring = clock_.Now();
    RETURN_IF_ERROR(
        Measure(request, start, kernels, cancellation, progress, record, stored.winner));
    result.measure_seconds = absl::ToDoubleSeconds(clock_.Now() - measuring);
    result.measured = static_cast<int>(
        std::count_if(record.candidates.begin(), record.candidates.end(),
                      [](const v1::Candidate& c) { return c.has_measurement(); }));
  }

  const auto pick = PickWinner(record.candidates);
  if (!pick) return NoCandidate(record.candidates);
  progress(Progress(v1::TUNING_PHASE_STORING, 0, 1, 0, 1.0, 0));
  const v1::Candidate& best = record.candidates[pick->index];
  *stored.winner.mutable_candidate() = WithoutSamples(best);
  stored.winner.set_margin(pick->margin);
  stored.winner.set_reason(pick->reason);
  stored.winner.set_provenance(best.has_vendor() ? v1::PROVENANCE_VENDOR
                               : measures        ? v1::PROVENANCE_MEASURED
                                                 : v1::PROVENANCE_PREDICTED);
  if (!best.has_vendor()) {
    stored.kernel = kernels[pick->index];
    stored.kernel.clear_cubin();
  }
  if (!measures) {
    // A measurement may have been stored while the model's picks were compiled.
    if (auto measured = MeasuredWinner(request)) {
      result.winner = *std::move(measured);
      return result;
    }
  }
  record.winner = stored;
  record.legal_configs = result.legal_configs;
  const absl::StatusOr<int64_t> epoch = store_.PutTuning(record);
  if (epoch.ok()) {
    stored.winner.set_epoch(*epoch);
    index_.Insert(stored);
  } else {
    const absl::Status& cause = built.stored.ok() ? epoch.status() : built.stored;
    KeepUnstored(request, best.has_vendor() ? "" : kernels[pick->index].cubin(), cause, stored);
  }
  result.winner = std::move(stored);
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

absl::Status Tuner::Measure(const TuneRequest& request, absl::Time start,
                            const std::vector<v1::Kernel>& kernels,
                            const Cancellation& cancellation, const ProgressSink& progress,
                            TuningRecord& record, v1::Winner& winner) {
  const std::string silicon_key = SiliconKey(request.target.silicon());
  ProfileRequest profile;
  profile.problem = request.problem;
  profile.device_ordinal = request.device_ordinal;
  profile.include_vendor = !request.options.skip_vendor();
  if (request.options.has_budget()) {
    profile.deadline = start + absl::Seconds(request.options.budget().seconds()) +
                       absl::Nanoseconds(request.options.budget().nanos());
  }
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
  if (profile.kernels.empty()) return NoCandidate(record.candidates);

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
    // A candidate that ran out of memory, or of time, is to be tried again another day.
    if (candidate.has_failure() &&
        candidate.failure().kind() != v1::FAILURE_KIND_DEFERRED) {
      const absl::Status put = store_.Quarantine(candidate.content_hash(), silicon_key,
                                                 candidate.failure());
      if (!put.ok()) spdlog::warn("a failed kernel is not quarantined: {}", put.ToString());
    }
  }
  SetVendorTimes(report.vendors, winner);
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
