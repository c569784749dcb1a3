// The race of ProfileRun: which candidates are timed, and how often. statistics.h explains why.
#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "proto/support/status_macros.h"
#include "tuner/profile/profile_run.h"
#include "tuner/profile/statistics.h"

namespace tilewright {
namespace {

// A round is run again if the GPU's throttle reasons changed in it, but at most this often in all.
// A GPU that never settles must still give an answer.
constexpr int kMaxDiscarded = 8;
// The finals of slow kernels end once they have this many rounds and the time is spent.
constexpr int kEnoughRounds = 9;
constexpr absl::Duration kFinalsBudget = absl::Milliseconds(350);
// Estimates below this come from cold launches and are measured again, warm.
constexpr double kWarmUpBelowSeconds = 200e-6;

}  // namespace

absl::Status ProfileRun::Race() {
  RETURN_IF_ERROR(WarmUp());
  const int quick = std::min(kQuickRounds, std::max(request_.max_rounds, 1));
  while (true) {
    // One round shows where to search further. The other rounds run while that compiles.
    RETURN_IF_ERROR(RunRounds(1, /*quick=*/true));
    const bool more = Continue();
    RETURN_IF_ERROR(RunRounds(quick, /*quick=*/true));
    if (!more) break;
    const std::size_t before = entries_.size();
    RETURN_IF_ERROR(CheckSupplied());
    if (entries_.size() > before) BeginAgain();
  }
  RETURN_IF_ERROR(CheckFinalists());
  return RunRounds(std::max(request_.max_rounds, 1), /*quick=*/false);
}

bool ProfileRun::Continue() {
  if (request_.supply == nullptr) return false;
  std::vector<double> seconds;
  for (std::size_t i = entries_.size() - supplied_.size(); i < entries_.size(); ++i) {
    seconds.push_back(entries_[i].seconds());
  }
  return request_.supply->Continue(seconds);
}

// Restarts all at once, because sample i of every candidate comes from round i.
void ProfileRun::BeginAgain() {
  rounds_ = 0;
  for (const std::size_t index : Racing()) {
    entries_[index].samples.clear();
    entries_[index].clocks.clear();
    entries_[index].watts.clear();
  }
}

absl::Status ProfileRun::WarmUp() {
  double fastest = 0;
  for (const std::size_t i : Racing()) {
    if (fastest == 0 || entries_[i].estimate < fastest) fastest = entries_[i].estimate;
  }
  if (fastest == 0 || fastest >= kWarmUpBelowSeconds) return absl::OkStatus();
  RETURN_IF_ERROR(RunRound(Racing(), /*count=*/false));
  for (const std::size_t i : Racing()) fastest = std::min(fastest, entries_[i].estimate);
  launches_ = LaunchesPerSample(fastest);
  return absl::OkStatus();
}

absl::Status ProfileRun::RunRounds(int rounds, bool quick) {
  const SteadyTime begin = SteadyTime::Now();
  while (rounds_ < rounds) {
    std::vector<std::size_t> order = Racing();
    // The first round runs even after the deadline: without it there is no answer.
    if (order.empty() || (rounds_ > 0 && SteadyTime::Now() > request_.deadline)) break;
    const bool spent = rounds_ >= kEnoughRounds && SteadyTime::Now() - begin > kFinalsBudget;
    if (!quick && spent) break;
    // Each round has another order, so that no candidate always follows the same one. The orders
    // are the same on every run.
    std::mt19937 generator(static_cast<unsigned>(rounds_ + discarded_));
    std::shuffle(order.begin(), order.end(), generator);
    RETURN_IF_ERROR(RunRound(order, /*count=*/true));
    if (quick && request_.max_rounds > 1) DropSlow();
    NoteLead();
    Report(v1::TUNING_PHASE_TIMING, rounds_, std::max(request_.max_rounds, 1));
  }
  return absl::OkStatus();
}

absl::Status ProfileRun::RunRound(const std::vector<std::size_t>& order, bool count) {
  RETURN_IF_ERROR(Interrupted());
  std::vector<std::size_t> ready;
  for (const std::size_t index : order) {
    RETURN_IF_ERROR(EnsureLoaded(index));
    if (entries_[index].live()) ready.push_back(index);
  }
  // A candidate that ended the worker while loading also lost the other candidates' loads.
  const bool all_loaded = std::all_of(ready.begin(), ready.end(),
                                      [&](std::size_t index) { return entries_[index].loaded; });
  if (ready.empty() || !all_loaded || worker_ == nullptr || !worker_->alive()) {
    return absl::OkStatus();
  }
  last_round_.reset();
  ASSIGN_OR_RETURN(const std::vector<RoundSample> samples, CollectRound(ready));
  if (!count) {
    for (const RoundSample& sample : samples) entries_[sample.entry].estimate = sample.seconds;
    return absl::OkStatus();
  }
  // A round that a culprit cut short always runs again, because sample i of every candidate comes
  // from round i. This ends: a culprit fails the second time, and a candidate that is lost twice
  // is deferred.
  const bool disturbed = last_round_ && last_round_->disturbed();
  if (!last_round_ || (disturbed && discarded_ < kMaxDiscarded)) {
    ++discarded_;
    return absl::OkStatus();
  }
  Commit(samples, *last_round_);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProfileRun::RoundSample>> ProfileRun::CollectRound(
    const std::vector<std::size_t>& order) {
  bench::Request request;
  request.mutable_round()->set_launches(launches_);
  for (const std::size_t index : order) {
    request.mutable_round()->add_candidates(static_cast<int>(index));
  }
  std::vector<RoundSample> samples;
  const absl::Duration limit = LaunchLimit(launches_);
  auto reply = worker_->Call(request, limit);
  for (const std::size_t index : order) {
    Entry& entry = entries_[index];
    if (!reply.ok()) {
      // The replies come in order, so the first missing reply names the culprit.
      Blame(entry, reply.status());
      return samples;
    }
    if (reply->candidate().has_failure()) {
      TakeFailure(entry, reply->candidate());
      if (worker_ == nullptr) return samples;
    } else {
      samples.push_back({index, reply->candidate().seconds()});
    }
    reply = worker_->Next(limit);
  }
  // After the last candidate comes the reply of the round itself.
  if (reply.ok() && reply->has_round()) last_round_ = reply->round();
  return samples;
}

void ProfileRun::Commit(const std::vector<RoundSample>& samples, const bench::RoundReply& round) {
  ++rounds_;
  for (const RoundSample& sample : samples) {
    Entry& entry = entries_[sample.entry];
    entry.samples.push_back(sample.seconds);
    entry.clocks.push_back(round.sm_clock_mhz());
    entry.watts.push_back(round.power_watts());
    entry.throttle_reasons |= round.throttle_reasons();
  }
}

// Templates race among themselves, and so do the vendor's algorithms: the best of both is needed,
// whichever is faster. The library's first choice stays too, because that is what others run.
void ProfileRun::DropSlow() {
  for (const bool vendors : {false, true}) {
    std::vector<std::size_t> group;
    std::vector<std::vector<double>> samples;
    for (const std::size_t index : Racing()) {
      if ((entries_[index].kernel == nullptr) != vendors || entries_[index].samples.empty()) {
        continue;
      }
      group.push_back(index);
      samples.push_back(entries_[index].samples);
    }
    std::vector<bool> goes_on(group.size(), false);
    const int finalists = vendors ? kVendorFinalists : kFinalists;
    for (const std::size_t survivor : Survivors(samples, finalists)) goes_on[survivor] = true;
    for (std::size_t i = 0; i < group.size(); ++i) {
      Entry& entry = entries_[group[i]];
      if (!goes_on[i] && !(vendors && entry.vendor.heuristic_rank() == 0)) entry.dropped = true;
    }
  }
}

}  // namespace tilewright
