#include "tuner/search/search.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "proto/problem/problem.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/search/candidate_order.h"
#include "tuner/search/verdicts.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// The number of fastest candidates around which the search continues.
constexpr std::size_t kLeaders = 4;

std::vector<RankedVariant> FirstOf(const std::vector<RankedVariant>& ranked, std::size_t count) {
  const std::size_t size = std::min(count, ranked.size());
  return {ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

Search::Search(const Collaborators& with, const TuneRequest& request, const Deadlines& deadlines,
               SteadyTime start, const Cancellation& cancellation, const ProgressSink& sink)
    : with_(with),
      request_(request),
      deadlines_(deadlines),
      start_(start),
      cancellation_(cancellation),
      silicon_key_(SiliconKey(request.target.silicon())),
      problem_key_(ProblemKey(request.problem)),
      progress_(sink, request.device_ordinal >= 0) {}

absl::StatusOr<SearchReport> Search::Run(const SearchPlan& plan) {
  if (request_.device_ordinal < 0) {
    RETURN_IF_ERROR(Build(FirstOf(plan.ranked, plan.first), deadlines_.build, cancellation_));
    return std::move(report_);
  }
  ProfileRequest profile;
  profile.problem = request_.problem;
  profile.device_ordinal = request_.device_ordinal;
  profile.supply = &queue_;
  profile.include_vendor = !request_.options.skip_vendor();
  profile.deadline = deadlines_.end;
  const absl::Duration begin = with_.clock.SteadyNow() - start_;
  // If one half fails, the other one stops.
  std::atomic<bool> build_failed = false;
  std::atomic<bool> profile_failed = false;
  absl::StatusOr<ProfileReport> measured = absl::UnknownError("not measured");
  std::thread profiling([&] {
    measured =
        with_.profiler.Profile(profile, cancellation_.Or([&] { return build_failed.load(); }),
                               [&](const v1::TuningProgress& step) { progress_.Measured(step); });
    profile_failed = !measured.ok();
    queue_.Leave();
  });
  const absl::Status built =
      BuildGenerations(plan, cancellation_.Or([&] { return profile_failed.load(); }));
  build_failed = !built.ok();
  queue_.EndGeneration(/*last=*/true);
  profiling.join();
  if (!built.ok() && !(profile_failed && absl::IsCancelled(built))) return built;
  RETURN_IF_ERROR(measured.status());
  Enter(*std::move(measured), begin);
  TryFailedElsewhere();
  return std::move(report_);
}

absl::Status Search::BuildGenerations(const SearchPlan& plan, const Cancellation& cancellation) {
  RETURN_IF_ERROR(Build(FirstOf(plan.ranked, plan.first), deadlines_.build, cancellation));
  if (plan.moves == 0 || plan.first >= plan.ranked.size()) return absl::OkStatus();
  queue_.EndGeneration(/*last=*/false);
  const auto seconds = queue_.AwaitContinue();
  if (!seconds || with_.clock.SteadyNow() >= deadlines_.build.enough) return absl::OkStatus();
  return Build(ChooseMoves(plan, *seconds), {deadlines_.build.enough, deadlines_.build.enough},
               cancellation);
}

absl::Status Search::Build(const std::vector<RankedVariant>& variants, const BuildLimits& limits,
                           const Cancellation& cancellation) {
  const std::size_t first = report_.candidates.size();
  CandidateBuilder builder(with_.compiler, with_.store, with_.clock);
  ASSIGN_OR_RETURN(
      BuildReport built,
      builder.Build(
          request_.problem, request_.target, variants, limits, cancellation,
          {.on_progress = [&](int done, int total,
                              int failed) { progress_.Compiled(done, total, failed); },
           .on_built = [&](std::size_t index,
                           BuiltCandidate& candidate) { return Push(first + index, candidate); }}));
  std::move(built.candidates.begin(), built.candidates.end(),
            std::back_inserter(report_.candidates));
  report_.compiled += built.compiled;
  report_.out_of_time = report_.out_of_time || built.out_of_time;
  report_.worker_lost = report_.worker_lost || built.worker_lost;
  report_.keep_failure.Update(built.keep_failure);
  report_.last_compile = with_.clock.SteadyNow();
  return absl::OkStatus();
}

absl::Status Search::Push(std::size_t index, BuiltCandidate& built) {
  if (built.candidate.has_failure()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const auto quarantined,
      with_.store.FindQuarantined(built.candidate.content_hash(), silicon_key_, problem_key_));
  if (quarantined) {
    *built.candidate.mutable_failure() = *quarantined;
  } else if (request_.device_ordinal >= 0) {
    pushed_.push_back(index);
    queue_.Push(built.kernel);
  }
  return absl::OkStatus();
}

std::vector<RankedVariant> Search::ChooseMoves(const SearchPlan& plan,
                                               const std::vector<double>& seconds) const {
  std::vector<std::pair<double, std::size_t>> timed;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i] > 0) timed.emplace_back(seconds[i], pushed_[i]);
  }
  std::sort(timed.begin(), timed.end());
  std::vector<std::size_t> leaders;
  for (std::size_t i = 0; i < std::min(kLeaders, timed.size()); ++i) {
    leaders.push_back(timed[i].second);
  }
  std::vector<std::size_t> moves = LocalMoves(plan.ranked, plan.first, leaders, plan.moves);
  // If there are fewer neighbours than moves, the model's next choices take the rest.
  for (std::size_t i = plan.first; i < plan.ranked.size() && moves.size() < plan.moves; ++i) {
    if (std::find(moves.begin(), moves.end(), i) == moves.end()) moves.push_back(i);
  }
  std::vector<RankedVariant> variants;
  for (const std::size_t move : moves) variants.push_back(plan.ranked[move]);
  return variants;
}

void Search::Enter(ProfileReport profile, absl::Duration begin) {
  for (std::size_t i = 0; i < profile.kernels.size(); ++i) {
    v1::Candidate& candidate = report_.candidates[pushed_[i]].candidate;
    const double predicted = candidate.predicted_seconds();
    candidate = std::move(profile.kernels[i]);
    candidate.set_predicted_seconds(predicted);
    if (candidate.has_failure() && IsVerdict(candidate.failure())) {
      Quarantine(candidate, problem_key_);
    }
  }
  for (const Lead& lead : profile.leads) {
    report_.candidates[pushed_[lead.kernel]].candidate.add_lead_seconds(
        absl::ToDoubleSeconds(begin + lead.after));
  }
  report_.vendors = std::move(profile.vendors);
  report_.worker_lost = report_.worker_lost || profile.worker_lost;
}

void Search::Quarantine(const v1::Candidate& candidate, const std::string& problem_key) {
  const absl::Status put = with_.store.Quarantine(candidate.content_hash(), silicon_key_,
                                                  problem_key, candidate.failure());
  if (!put.ok()) spdlog::warn("cannot quarantine a failed kernel: {}", put.ToString());
  with_.index.Quarantine({candidate.content_hash(), silicon_key_, problem_key});
}

void Search::TryFailedElsewhere() {
  const auto second = SecondShape(request_.problem);
  ProfileRequest profile;
  for (const std::size_t place : pushed_) {
    const BuiltCandidate& built = report_.candidates[place];
    if (built.candidate.has_failure() && IsVerdict(built.candidate.failure()) && second &&
        RequirementsHold(built.kernel.launch_plan().requirements(), *second)) {
      profile.kernels.push_back(built.kernel);
    }
  }
  if (profile.kernels.empty() || with_.clock.SteadyNow() >= deadlines_.end) return;
  profile.problem = *second;
  profile.device_ordinal = request_.device_ordinal;
  profile.include_vendor = false;
  profile.max_rounds = 1;
  profile.deadline = deadlines_.end;
  const auto report =
      with_.profiler.Profile(profile, cancellation_, [](const v1::TuningProgress&) {});
  if (!report.ok()) {
    spdlog::warn("cannot try failed kernels at a second shape: {}", report.status().ToString());
    return;
  }
  for (const v1::Candidate& candidate : report->kernels) {
    if (candidate.has_failure() && IsVerdict(candidate.failure())) Quarantine(candidate, "");
  }
}

}  // namespace tilewright
