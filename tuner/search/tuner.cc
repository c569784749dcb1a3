#include "tuner/search/tuner.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/check_kernel.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"
#include "spdlog/spdlog.h"
#include "tuner/search/candidate_order.h"
#include "tuner/search/search.h"
#include "tuner/search/tune_request.h"
#include "tuner/search/tuning_errors.h"
#include "tuner/search/verdicts.h"
#include "tuner/search/winner_record.h"
#include "tuner/select/pick_winner.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

constexpr int kDefaultCandidates = 48;
// Without a GPU the model alone decides. Compiling more than one variant helps only if the first
// pick does not compile.
constexpr int kPredictedCandidates = 8;
// A record with its samples takes about 40 KiB, its cubin 20 KiB.
constexpr std::size_t kMaxUnstored = 1000;

// Kernels of the first generation, unless the request gives a number of variants: as many as 16
// cores compile at once. More would delay the second generation, which is chosen better.
constexpr std::size_t kFirstKernels = 16;
// The share of the candidates that is chosen around the fastest of the others.
constexpr double kMovesShare = 1.0 / 3;

v1::TuningProgress Progress(v1::TuningPhase phase, double fraction) {
  v1::TuningProgress progress;
  progress.set_phase(phase);
  progress.set_total(1);
  progress.set_fraction(fraction);
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
    spdlog::warn("cublasLt algorithm {} is left out: {}: {}", vendor.vendor().heuristic_rank(),
                 v1::FailureKind_Name(vendor.failure().kind()), vendor.failure().message());
  }
}

// Picks the best of the templates, which come before the vendor's algorithms. Callers that cannot
// run the vendor's algorithms get this one.
std::optional<Pick> PickTemplate(const TuningRecord& record, std::size_t templates) {
  const auto begin = record.candidates.begin();
  return PickWinner({begin, begin + static_cast<std::ptrdiff_t>(templates)});
}

// Adds the results of the vendor's algorithms to the record.
void EnterMeasurements(std::vector<v1::Candidate> vendors, TuningRecord& record) {
  FailSharers(record.candidates);
  LogVendorFailures(vendors);
  EnterVendorTimes(vendors, record.winner.winner);
  std::move(vendors.begin(), vendors.end(), std::back_inserter(record.candidates));
}

}  // namespace

Tuner::Tuner(Compiler& compiler, Profiler& profiler, TuningStore& store, WinnerIndex& index,
             Clock& clock)
    : compiler_(compiler),
      profiler_(profiler),
      store_(store),
      index_(index),
      clock_(clock),
      unstored_(kMaxUnstored) {}

absl::StatusOr<TuneResult> Tuner::Tune(const TuneRequest& request, const Cancellation& cancellation,
                                       const ProgressSink& progress) {
  const bool measures = request.device_ordinal >= 0;
  const bool has_vendor = measures && !request.options.skip_vendor();
  const SteadyTime start = clock_.SteadyNow();
  const Deadlines deadlines = DeadlinesOf(request.options, measures, start);
  TuneResult result;
  progress(Progress(v1::TUNING_PHASE_RANKING, 0));
  const SearchPlan plan = PlanSearch(request);
  if (plan.legal_configs == 0 && !has_vendor) return NoTemplate(request.problem);
  if (plan.ranked.empty() && !measures) {
    return MeasuredOr(request, std::move(result), BudgetNotProven(request.problem));
  }
  result.legal_configs = plan.legal_configs;
  Search search({compiler_, profiler_, store_, index_, clock_}, request, deadlines, start,
                cancellation, progress);
  ASSIGN_OR_RETURN(SearchReport found, search.Run(plan));
  result.compiled = found.compiled;
  result.worker_lost = found.worker_lost;
  result.compile_seconds = absl::ToDoubleSeconds(found.last_compile - start);

  TuningRecord record;
  record.winner = MakeWinner(request.problem, request.target, clock_.Now());
  record.legal_configs = result.legal_configs;
  std::vector<v1::Kernel> kernels;
  for (BuiltCandidate& candidate : found.candidates) {
    record.candidates.push_back(std::move(candidate.candidate));
    kernels.push_back(std::move(candidate.kernel));
  }
  if (measures) {
    EnterMeasurements(std::move(found.vendors), record);
    result.measure_seconds = absl::ToDoubleSeconds(clock_.SteadyNow() - found.last_compile);
    result.measured =
        static_cast<int>(std::count_if(record.candidates.begin(), record.candidates.end(),
                                       [](const v1::Candidate& c) { return c.has_measurement(); }));
  }
  EnterArithmetic(request.problem, record.candidates);
  const auto pick = PickWinner(record.candidates);
  if (!pick) {
    if (record.candidates.empty()) return NoTemplate(request.problem);
    if (found.worker_lost) {
      return MeasuredOr(request, std::move(result), WorkersLost(record.candidates));
    }
    const bool was_late = found.out_of_time || clock_.SteadyNow() >= deadlines.end;
    if (!was_late || !AnyDeferred(record.candidates)) return NoCandidate(record.candidates);
    return MeasuredOr(request, std::move(result), BudgetTooShort(deadlines.budget));
  }
  progress(Progress(v1::TUNING_PHASE_STORING, 1));
  const v1::Candidate& best = record.candidates[pick->index];
  EnterPick(*pick, best, measures, record.winner.winner);
  if (found.worker_lost) EnterWorkersLost(record.candidates, record.winner.winner);
  std::string cubin;
  if (const auto served = best.has_vendor() ? PickTemplate(record, kernels.size()) : pick) {
    record.winner.kernel = kernels[served->index];
    cubin = std::move(*record.winner.kernel.mutable_cubin());
    record.winner.kernel.clear_cubin();
    if (best.has_vendor()) {
      record.winner.fallback = WithoutSamples(record.candidates[served->index]);
    }
  }
  return Store(request, record, cubin, found.keep_failure, std::move(result));
}

SearchPlan Tuner::PlanSearch(const TuneRequest& request) const {
  const bool measures = request.device_ordinal >= 0;
  SearchPlan plan;
  plan.ranked = RankVariants(request.problem, request.target.silicon());
  plan.legal_configs = static_cast<int>(plan.ranked.size());
  SpreadKernels(plan.ranked);
  SharePrecisions(request.problem, plan.ranked);
  ShareEpilogues(plan.ranked);
  if (measures) {
    StartWarm(request.problem, request.target, index_, plan.ranked);
  } else {
    KeepProven(request.problem, plan.ranked);
  }
  if (request.options.exhaustive()) {
    plan.first = plan.ranked.size();
    return plan;
  }
  const int limit = request.options.max_candidates() > 0 ? request.options.max_candidates()
                    : measures                           ? kDefaultCandidates
                                                         : kPredictedCandidates;
  plan.moves = measures ? static_cast<std::size_t>(limit * kMovesShare) : 0;
  plan.first = static_cast<std::size_t>(limit) - plan.moves;
  if (measures && request.options.max_candidates() == 0) {
    plan.first = CountWithKernels(plan.ranked, plan.first, kFirstKernels);
  }
  return plan;
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
  absl::StatusOr<int64_t> epoch = store_.PutTuning(record);
  // Until now no winner named the kernel, so a prune may have removed it.
  if (kept.ok() && !cubin.empty() && ReasonOf(epoch.status()) == "KERNEL_NOT_STORED") {
    const auto epochs = store_.PutImport({cubin}, {record});
    epoch = epochs.ok() ? absl::StatusOr<int64_t>(epochs->front()) : epochs.status();
  }
  if (epoch.ok()) {
    record.winner.winner.set_epoch(*epoch);
    index_.Insert(record.winner);
    unstored_.Forget(record.winner);
    index_.RemoveUnstored(record.winner);
  } else {
    KeepUnstored(request, cubin, kept.ok() ? epoch.status() : kept, record);
  }
  result.winner = std::move(record.winner);
  return result;
}

void Tuner::KeepUnstored(const TuneRequest& request, const std::string& cubin,
                         const absl::Status& cause, TuningRecord& record) {
  StoredWinner& winner = record.winner;
  spdlog::error("the winner of {} is served, but not stored: {}", DescribeProblem(request.problem),
                std::string(cause.message()));
  unstored_.Keep(record, cubin);
  MarkUnstored(cause, winner.winner);
  // Without an epoch it comes before every stored winner and replaces none of them.
  if (FindExact(request).winner == nullptr) index_.Insert(winner);
}

absl::StatusOr<std::string> Tuner::GetCubin(const std::string& content_hash) {
  absl::StatusOr<std::string> cubin = store_.GetCubin(content_hash);
  if (cubin.ok()) return cubin;
  if (auto unstored = unstored_.FindCubin(content_hash)) return *std::move(unstored);
  return cubin;
}

absl::Status Tuner::StoreUnstored() { return unstored_.StoreAll(store_, index_); }

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
  // A winner with a damaged kernel cannot be served, but the prediction can.
  const std::string& hash = hit.winner->kernel.content_hash();
  if (!hash.empty() && !GetCubin(hash).ok()) return std::nullopt;
  return *hit.winner;
}

absl::StatusOr<TuneResult> Tuner::Predict(const TuneRequest& request,
                                          const Cancellation& cancellation) {
  TuneRequest prediction = request;
  prediction.device_ordinal = -1;
  return Tune(prediction, cancellation, [](const v1::TuningProgress&) {});
}

absl::StatusOr<v1::Kernel> Tuner::LoadKernel(const StoredWinner& winner) {
  v1::Kernel kernel = winner.kernel;
  ASSIGN_OR_RETURN(*kernel.mutable_cubin(), GetCubin(kernel.content_hash()));
  // The kernel may come from a version that imported without this check, or someone else may have
  // written to the database.
  if (const absl::Status status = CheckKernel(kernel, kernel.cubin()); !status.ok()) {
    return MakeError(absl::StatusCode::kDataLoss, "KERNEL_INVALID",
                     absl::StrCat("the stored kernel is invalid: ", status.message()));
  }
  return kernel;
}

}  // namespace tilewright
