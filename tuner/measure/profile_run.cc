#include "tuner/measure/profile_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/measure/judge.h"
#include "tuner/measure/statistics.h"

namespace tilewright {
namespace {

constexpr absl::Duration kOpenLimit = absl::Minutes(2);  // Drivers of many GPUs wake slowly.
constexpr absl::Duration kInputLimit = absl::Minutes(1);
constexpr absl::Duration kLoadLimit = absl::Seconds(30);
constexpr int kStartAttempts = 2;
constexpr int64_t kVendorWorkspace = int64_t{64} << 20;  // Twice what cuBLAS asks for on sm_90.
constexpr int kVendorLimit = 16;
// Slower than any kernel of ours on any GPU that we serve.
constexpr double kSlowestOperationsPerSecond = 1e12;
// Of the time up to the deadline, the share one input's checks may take.
constexpr double kCheckShare = 0.2;
constexpr int kInputs = 3;

}  // namespace

ProfileRun::ProfileRun(const Options& options, const ProfileRequest& request,
                       const std::string& reference_cubin, const Cancellation& cancellation,
                       const ProfileProgress& progress)
    : options_(options),
      request_(request),
      reference_cubin_(reference_cubin),
      cancellation_(cancellation),
      progress_(progress),
      start_(absl::Now()) {
  for (const v1::Kernel& kernel : request_.kernels) {
    entries_.emplace_back().kernel = &kernel;
  }
}

absl::StatusOr<ProfileReport> ProfileRun::Run() {
  absl::Status status = EnsureWorker();
  if (status.ok() && request_.include_vendor) status = FindVendors();
  if (status.ok()) status = CheckAll();
  if (status.ok()) status = Race();
  if (status.ok()) status = CheckAgain();
  if (absl::IsResourceExhausted(status)) {
    DeferAll(std::string(status.message()));
  } else if (!status.ok()) {
    return status;
  }
  ProfileReport report;
  for (const Entry& entry : entries_) {
    (entry.kernel != nullptr ? report.kernels : report.vendors).push_back(ToCandidate(entry));
  }
  return report;
}

absl::Status ProfileRun::EnsureWorker() {
  if (worker_ != nullptr && worker_->alive()) return absl::OkStatus();
  absl::Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    RETURN_IF_ERROR(Interrupted());
    status = TryStartWorker();
    // Memory may be short for long: that is an answer, not a mishap.
    if (status.ok() || absl::IsResourceExhausted(status)) return status;
  }
  worker_.reset();
  return MakeError(absl::StatusCode::kUnavailable, "GPU_UNAVAILABLE",
                   absl::StrCat("GPU ", request_.device_ordinal, " cannot be used: ",
                                status.message()));
}

absl::Status ProfileRun::TryStartWorker() {
  for (Entry& entry : entries_) entry.loaded = false;
  ASSIGN_OR_RETURN(worker_, BenchClient::Start(options_.command));
  bench::Request open;
  *open.mutable_open()->mutable_problem() = request_.problem.gemm();
  open.mutable_open()->set_device_ordinal(request_.device_ordinal);
  open.mutable_open()->set_reference_cubin(reference_cubin_);
  RETURN_IF_ERROR(worker_->Call(open, kOpenLimit).status());
  bench::Request input;
  input.mutable_input()->set_kind(input_);
  return worker_->Call(input, kInputLimit).status();
}

absl::Status ProfileRun::FindVendors() {
  bench::Request request;
  request.mutable_vendors()->set_workspace_limit(kVendorWorkspace);
  request.mutable_vendors()->set_limit(kVendorLimit);
  const auto reply = worker_->Call(request, kLoadLimit);
  // The baseline is optional: a library that fails leaves the templates to race alone.
  if (!reply.ok()) return EnsureWorker();
  for (const v1::VendorKernel& kernel : reply->vendors().kernels()) {
    entries_.emplace_back().vendor = kernel;
  }
  return absl::OkStatus();
}

void ProfileRun::Blame(Entry& entry, const absl::Status& status) {
  const v1::FailureKind kind = absl::IsDeadlineExceeded(status)      ? v1::FAILURE_KIND_TIMEOUT
                               : absl::IsResourceExhausted(status) ? v1::FAILURE_KIND_DEFERRED
                                                                   : v1::FAILURE_KIND_LAUNCH_ERROR;
  entry.failure = MakeFailure(kind, std::string(status.message()));
}

void ProfileRun::TakeFailure(Entry& entry, const bench::CandidateReply& reply) {
  if (reply.has_failure()) entry.failure = reply.failure();
  if (reply.context_lost()) worker_.reset();
}

void ProfileRun::DeferAll(const std::string& why) {
  for (Entry& entry : entries_) {
    if (entry.live() && entry.samples.empty()) {
      entry.failure = MakeFailure(v1::FAILURE_KIND_DEFERRED, why);
    }
  }
}

absl::Status ProfileRun::EnsureLoaded(std::size_t index) {
  RETURN_IF_ERROR(EnsureWorker());
  Entry& entry = entries_[index];
  if (entry.loaded) return absl::OkStatus();
  bench::Request request;
  request.mutable_load()->set_candidate(static_cast<int>(index));
  if (entry.kernel != nullptr) {
    *request.mutable_load()->mutable_kernel() = *entry.kernel;
  } else {
    *request.mutable_load()->mutable_vendor() = entry.vendor;
  }
  const auto reply = worker_->Call(request, kLoadLimit);
  if (!reply.ok()) {
    Blame(entry, reply.status());
    return absl::OkStatus();
  }
  TakeFailure(entry, reply->candidate());
  entry.loaded = entry.live();
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckEntry(std::size_t index, bool repeat) {
  RETURN_IF_ERROR(EnsureLoaded(index));
  Entry& entry = entries_[index];
  if (!entry.live()) return absl::OkStatus();
  bench::Request request;
  request.mutable_check()->set_candidate(static_cast<int>(index));
  request.mutable_check()->set_repeat(repeat);
  const auto reply = worker_->Call(request, LaunchLimit(repeat ? 2 : 1));
  if (!reply.ok()) {
    Blame(entry, reply.status());
    return absl::OkStatus();
  }
  TakeFailure(entry, reply->candidate());
  entry.estimate = reply->candidate().seconds();
  if (input_ == bench::INPUT_KIND_ADVERSARIAL) return absl::OkStatus();
  entry.relative_error = std::max(entry.relative_error, reply->candidate().relative_error());
  const double budget = request_.problem.gemm().numerics().error_budget();
  if (entry.live() && budget > 0 && entry.relative_error > budget) {
    entry.failure = MakeFailure(
        v1::FAILURE_KIND_WRONG_RESULT,
        absl::StrCat("relative error ", entry.relative_error, " exceeds the budget of ", budget));
  }
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckAll() {
  const absl::Duration share = (request_.deadline - start_) * kCheckShare;
  const bench::InputKind kinds[] = {bench::INPUT_KIND_NORMAL, bench::INPUT_KIND_ADVERSARIAL,
                                    bench::INPUT_KIND_TIMED};
  for (int i = 0; i < kInputs; ++i) {
    RETURN_IF_ERROR(CheckWithInput(kinds[i], start_ + (i + 1) * share));
  }
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckWithInput(bench::InputKind kind, absl::Time share_end) {
  if (kind != input_) {
    input_ = kind;
    bench::Request request;
    request.mutable_input()->set_kind(kind);
    // A worker that is lost here is started anew, with this input.
    if (worker_ != nullptr && worker_->alive() && !worker_->Call(request, kInputLimit).ok()) {
      worker_.reset();
    }
  }
  const int total = static_cast<int>(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    RETURN_IF_ERROR(Interrupted());
    if (entries_[i].live() && absl::Now() > share_end) {
      entries_[i].failure = MakeFailure(v1::FAILURE_KIND_DEFERRED,
                                        "the time was up before it could be checked");
    }
    if (entries_[i].live()) {
      RETURN_IF_ERROR(CheckEntry(i, kind == bench::INPUT_KIND_NORMAL));
    }
    ++checks_done_;
    Report(v1::TUNING_PHASE_CHECKING, checks_done_ / kInputs, total);
  }
  return absl::OkStatus();
}

absl::Status ProfileRun::CheckAgain() {
  for (const std::size_t index : Racing()) {
    RETURN_IF_ERROR(Interrupted());
    RETURN_IF_ERROR(CheckEntry(index, /*repeat=*/true));
  }
  return absl::OkStatus();
}

std::vector<std::size_t> ProfileRun::Racing() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].racing()) indices.push_back(i);
  }
  return indices;
}

double ProfileRun::BestSeconds() const {
  double best = 0;
  for (const Entry& entry : entries_) {
    if (!entry.live() || entry.samples.empty()) continue;
    const double median = Median(entry.samples);
    if (best == 0 || median < best) best = median;
  }
  return best;
}

absl::Duration ProfileRun::LaunchLimit(int launches) const {
  const v1::GemmProblem& gemm = request_.problem.gemm();
  const double operations = 2.0 * static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
                            static_cast<double>(gemm.k()) *
                            static_cast<double>(std::max<int64_t>(gemm.batch(), 1));
  return options_.watchdog +
         absl::Seconds(launches * operations / kSlowestOperationsPerSecond);
}

absl::Status ProfileRun::Interrupted() const {
  return cancellation_.IsCancelled() ? absl::CancelledError("measuring was cancelled")
                                     : absl::OkStatus();
}

void ProfileRun::Report(v1::TuningPhase phase, int done, int total) const {
  if (!progress_) return;
  v1::TuningProgress progress;
  progress.set_phase(phase);
  progress.set_done(done);
  progress.set_total(total);
  progress.set_failed(static_cast<int>(std::count_if(
      entries_.begin(), entries_.end(), [](const Entry& entry) { return !entry.live(); })));
  progress.set_best_seconds(BestSeconds());
  progress_(progress);
}

v1::Candidate ProfileRun::ToCandidate(const Entry& entry) const {
  v1::Candidate candidate;
  if (entry.kernel != nullptr) {
    *candidate.mutable_variant() = entry.kernel->variant();
    candidate.set_content_hash(entry.kernel->content_hash());
  } else {
    *candidate.mutable_vendor() = entry.vendor;
  }
  candidate.set_dropped_early(entry.dropped);
  if (entry.failure) {
    *candidate.mutable_failure() = *entry.failure;
    return candidate;
  }
  if (entry.samples.empty()) {
    *candidate.mutable_failure() = MakeFailure(v1::FAILURE_KIND_DEFERRED,
                                               "the time was up before it could be timed");
    return candidate;
  }
  v1::Measurement& measurement = *candidate.mutable_measurement();
  measurement.mutable_seconds()->Add(entry.samples.begin(), entry.samples.end());
  measurement.set_median_seconds(Median(entry.samples));
  measurement.set_spread_seconds(MedianAbsoluteDeviation(entry.samples));
  measurement.set_sm_clock_mhz(static_cast<int>(Median(entry.clocks)));
  measurement.set_power_watts(static_cast<int>(Median(entry.watts)));
  measurement.set_throttle_reasons(entry.throttle_reasons);
  measurement.set_relative_error(entry.relative_error);
  return candidate;
}

}  // namespace tilewright
