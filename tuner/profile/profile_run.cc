#include "tuner/profile/profile_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/failure.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/profile/statistics.h"

namespace tilewright {
namespace {

constexpr absl::Duration kOpenLimit = absl::Minutes(2);  // Drivers of many GPUs wake slowly.
constexpr absl::Duration kInputLimit = absl::Minutes(1);
constexpr absl::Duration kVendorsLimit = absl::Seconds(30);
constexpr int kStartAttempts = 2;
constexpr int64_t kVendorWorkspace = int64_t{64} << 20;  // Twice what cuBLAS asks for on sm_90.
constexpr int kVendorLimit = 16;
// Slower than any kernel of ours on any GPU that we serve.
constexpr double kSlowestOperationsPerSecond = 1e12;

}  // namespace

v1::FailureKind ProfileRun::FailureKindOf(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) return v1::FAILURE_KIND_TIMEOUT;
  if (absl::IsResourceExhausted(status) || IsWorkerLost(status)) return v1::FAILURE_KIND_DEFERRED;
  return v1::FAILURE_KIND_LAUNCH_ERROR;
}

ProfileRun::ProfileRun(const Options& options, const ProfileRequest& request,
                       ReferenceCubins reference, const Cancellation& cancellation,
                       const ProfileProgress& progress)
    : options_(options),
      request_(request),
      reference_(std::move(reference)),
      cancellation_(cancellation),
      progress_(progress) {
  for (const v1::Kernel& kernel : request_.kernels) {
    entries_.emplace_back().kernel = &kernel;
  }
}

absl::StatusOr<ProfileReport> ProfileRun::Run() {
  absl::Status status = EnsureWorker();
  if (status.ok() && request_.include_vendor) status = FindVendors();
  if (status.ok()) status = CheckEveryone();
  if (status.ok()) status = CheckSupplied();
  if (status.ok()) status = Race();
  if (status.ok()) status = CheckAgain();
  if (absl::IsResourceExhausted(status)) {
    // All later kernels are deferred as well.
    while (TakeNext()) {
    }
    DeferAll(std::string(status.message()));
  } else if (!status.ok()) {
    return status;
  }
  ProfileReport report;
  for (const Entry& entry : entries_) {
    (entry.kernel != nullptr ? report.kernels : report.vendors).push_back(ToCandidate(entry));
  }
  report.leads = std::move(leads_);
  report.worker_lost = worker_lost_;
  return report;
}

absl::Status ProfileRun::EnsureWorker() {
  if (worker_ != nullptr && worker_->alive()) return absl::OkStatus();
  absl::Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    RETURN_IF_ERROR(Interrupted());
    status = TryStartWorker();
    if (worker_ != nullptr && worker_->alive()) RETURN_IF_ERROR(reference_.get().status());
    // Memory may be short for long, so another worker would not help.
    if (status.ok() || absl::IsResourceExhausted(status)) return status;
  }
  worker_.reset();
  if (IsWorkerLost(status)) return status;
  return MakeError(
      absl::StatusCode::kUnavailable, "GPU_UNAVAILABLE",
      absl::StrCat("GPU ", request_.device_ordinal, " cannot be used: ", status.message()));
}

absl::Status ProfileRun::TryStartWorker() {
  for (Entry& entry : entries_) entry.loaded = false;
  ASSIGN_OR_RETURN(worker_, BenchClient::Start(options_.command));
  bench::Request open;
  *open.mutable_open()->mutable_problem() = request_.problem;
  open.mutable_open()->set_device_ordinal(request_.device_ordinal);
  ASSIGN_OR_RETURN(const bench::Reply opened, worker_->Call(open, kOpenLimit));
  if (!opened.open().filter_error().empty()) {
    spdlog::error("a bench worker runs without its system call filter: {}",
                  opened.open().filter_error());
  }
  const absl::StatusOr<std::vector<std::string>>& cubins = reference_.get();
  RETURN_IF_ERROR(cubins.status());
  bench::Request reference;
  for (const std::string& cubin : *cubins) reference.mutable_reference()->add_cubins(cubin);
  RETURN_IF_ERROR(worker_->Call(reference, kInputLimit).status());
  return MakeInput();
}

absl::Status ProfileRun::MakeInput() {
  bench::Request input;
  input.mutable_input()->set_kind(input_);
  return worker_->Call(input, kInputLimit).status();
}

absl::Status ProfileRun::FindVendors() {
  bench::Request request;
  request.mutable_vendors()->set_workspace_limit(kVendorWorkspace);
  request.mutable_vendors()->set_limit(kVendorLimit);
  auto reply = worker_->Call(request, kVendorsLimit);
  if (!reply.ok() && IsWorkerLost(reply.status())) {
    RETURN_IF_ERROR(EnsureWorker());
    reply = worker_->Call(request, kVendorsLimit);
    worker_lost_ = !reply.ok() && IsWorkerLost(reply.status());
  }
  if (!reply.ok()) {
    // The baseline is optional. If the library fails, the templates race alone, and the report
    // says so.
    entries_.emplace_back().failure =
        MakeFailure(FailureKindOf(reply.status()), std::string(reply.status().message()));
    return EnsureWorker();
  }
  for (const v1::VendorKernel& kernel : reply->vendors().kernels()) {
    entries_.emplace_back().vendor = kernel;
  }
  return absl::OkStatus();
}

bool ProfileRun::TakeNext() {
  if (request_.supply == nullptr) return false;
  auto kernel = request_.supply->Next();
  if (!kernel) return false;
  supplied_.push_back(*std::move(kernel));
  entries_.emplace_back().kernel = &supplied_.back();
  return true;
}

void ProfileRun::DeferAll(const std::string& why) {
  for (Entry& entry : entries_) {
    if (entry.live() && entry.samples.empty()) {
      entry.failure = MakeFailure(v1::FAILURE_KIND_DEFERRED, why);
    }
  }
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

double ProfileRun::Entry::seconds() const {
  return !live() ? 0 : samples.empty() ? estimate : Median(samples);
}

std::size_t ProfileRun::PlaceInReport(std::size_t index) const {
  // The vendor's entries lie between the request's kernels and the supply's.
  return index < request_.kernels.size()
             ? index
             : index - (entries_.size() - supplied_.size() - request_.kernels.size());
}

void ProfileRun::NoteLead() {
  std::optional<std::size_t> first;
  for (const std::size_t index : Racing()) {
    if (entries_[index].kernel == nullptr || entries_[index].seconds() <= 0) continue;
    if (!first || entries_[index].seconds() < entries_[*first].seconds()) first = index;
  }
  if (!first) return;
  const std::size_t place = PlaceInReport(*first);
  if (leads_.empty() || leads_.back().kernel != place) {
    leads_.push_back({SteadyTime::Now() - begin_, place});
  }
}

absl::Duration ProfileRun::LaunchLimit(int launches) const {
  const double operations = FloatingPointOperations(request_.problem);
  return options_.watchdog + absl::Seconds(launches * operations / kSlowestOperationsPerSecond);
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
  candidate.set_relative_error(entry.relative_error);
  candidate.set_checked_seconds(entry.estimate);
  if (entry.failure) {
    *candidate.mutable_failure() = *entry.failure;
    return candidate;
  }
  if (entry.samples.empty()) {
    *candidate.mutable_failure() =
        MakeFailure(v1::FAILURE_KIND_DEFERRED, "the time ran out before it was timed");
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
