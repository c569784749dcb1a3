#ifndef TILEWRIGHT_TESTS_FAKES_FAKE_PROFILER_H_
#define TILEWRIGHT_TESTS_FAKES_FAKE_PROFILER_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "proto/support/status_macros.h"
#include "tuner/profile/profiler.h"

namespace tilewright {

// A GPU whose kernels take the time they are told to take. By default one device
// and a millisecond for every kernel. Any thread.
class FakeProfiler final : public Profiler {
 public:
  // Median seconds of a kernel, or why it fails.
  using Result = std::variant<double, v1::Failure>;
  using Behaviour = std::function<Result(const v1::Problem&, const v1::Kernel&)>;

  FakeProfiler() { devices_.push_back(Hopper()); }

  // What an H100 SXM answers, as far as tuning looks at it.
  static v1::Device Hopper() {
    v1::Device device;
    device.set_uuid("GPU-00000000-0000-0000-0000-000000000000");
    v1::Silicon& silicon = *device.mutable_target()->mutable_silicon();
    silicon.set_compute_capability(90);
    silicon.set_sm_count(132);
    silicon.set_memory_class("HBM3");
    silicon.set_memory_bytes(std::int64_t{80} << 30);
    silicon.set_l2_bytes(50 << 20);
    silicon.set_power_limit_watts(700);
    silicon.set_name("Fake H100");
    silicon.set_max_shared_memory_per_block(232448);
    silicon.set_shared_memory_per_sm(233472);
    silicon.set_registers_per_sm(65536);
    silicon.set_max_threads_per_sm(2048);
    silicon.set_max_clock_mhz(1980);
    silicon.set_dram_bytes_per_second(3.35e12);
    device.mutable_target()->mutable_environment()->set_driver_version(13000);
    return device;
  }

  // Five samples around `median`, with a spread of one per cent.
  static v1::Measurement MeasurementOf(double median) {
    v1::Measurement measurement;
    for (const double factor : {0.98, 0.99, 1.0, 1.01, 1.02}) {
      measurement.add_seconds(median * factor);
    }
    measurement.set_median_seconds(median);
    measurement.set_spread_seconds(median * 0.01);
    measurement.set_sm_clock_mhz(1980);
    measurement.set_power_watts(600);
    measurement.set_relative_error(1e-3);
    return measurement;
  }

  void SetBehaviour(Behaviour behaviour) {
    absl::MutexLock lock(&mutex_);
    behaviour_ = std::move(behaviour);
  }

  // Median seconds of cublasLt's heuristic results, in its order; none by default.
  void SetVendorSeconds(std::vector<double> seconds) {
    absl::MutexLock lock(&mutex_);
    vendor_seconds_ = std::move(seconds);
  }

  void SetDevices(std::vector<v1::Device> devices) {
    absl::MutexLock lock(&mutex_);
    devices_ = std::move(devices);
  }

  void SetLibraries(std::vector<v1::LibraryStatus> libraries) {
    absl::MutexLock lock(&mutex_);
    libraries_ = std::move(libraries);
  }

  // Whether DEFERRED kernels are told to be so because workers were lost.
  void SetWorkerLost(bool lost) {
    absl::MutexLock lock(&mutex_);
    worker_lost_ = lost;
  }

  // Profile answers this, unless it is OK.
  void SetError(absl::Status error) {
    absl::MutexLock lock(&mutex_);
    error_ = std::move(error);
  }

  // Profile waits for `gate`, which outlives this, or for cancellation.
  void SetGate(absl::Notification* gate) {
    absl::MutexLock lock(&mutex_);
    gate_ = gate;
  }

  // Every request so far, in order.
  std::vector<ProfileRequest> requests() const {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }

  std::vector<v1::Device> Devices() override {
    absl::MutexLock lock(&mutex_);
    return devices_;
  }

  std::vector<v1::LibraryStatus> Libraries() override {
    absl::MutexLock lock(&mutex_);
    return libraries_;
  }

  absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                        const Cancellation& cancellation,
                                        const ProfileProgress& progress) override {
    const Script script = Begin(request);
    while (script.gate != nullptr &&
           !script.gate->WaitForNotificationWithTimeout(absl::Milliseconds(2))) {
      if (cancellation.IsCancelled()) return absl::CancelledError("profiling was cancelled");
    }
    if (!script.error.ok()) return script.error;
    ProfileReport report;
    report.worker_lost = script.worker_lost;
    for (const v1::Kernel& kernel : request.kernels) {
      RETURN_IF_ERROR(MeasureNext(script, request, kernel, cancellation, progress, report));
    }
    bool more = request.supply != nullptr;
    while (more) {
      while (const auto kernel = request.supply->Next()) {
        Record(script, *kernel);
        RETURN_IF_ERROR(MeasureNext(script, request, *kernel, cancellation, progress, report));
      }
      std::vector<double> seconds;
      for (std::size_t i = request.kernels.size(); i < report.kernels.size(); ++i) {
        seconds.push_back(report.kernels[i].measurement().median_seconds());
      }
      more = request.supply->Continue(seconds);
    }
    if (cancellation.IsCancelled()) return absl::CancelledError("profiling was cancelled");
    if (request.include_vendor) report.vendors = Vendors(script);
    return report;
  }

 private:
  struct Script {
    Behaviour behaviour;
    std::vector<double> vendor_seconds;
    absl::Status error;
    absl::Notification* gate = nullptr;
    bool worker_lost = false;
    std::size_t request = 0;  // Its place among all.
  };

  Script Begin(const ProfileRequest& request) {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(request);
    return {behaviour_, vendor_seconds_, error_, gate_, worker_lost_, requests_.size() - 1};
  }

  // Requests show what the supply gave as if it had been asked for.
  void Record(const Script& script, const v1::Kernel& kernel) {
    absl::MutexLock lock(&mutex_);
    requests_[script.request].kernels.push_back(kernel);
  }

  static absl::Status MeasureNext(const Script& script, const ProfileRequest& request,
                                  const v1::Kernel& kernel, const Cancellation& cancellation,
                                  const ProfileProgress& progress, ProfileReport& report) {
    if (cancellation.IsCancelled()) return absl::CancelledError("profiling was cancelled");
    report.kernels.push_back(Measure(script, request, kernel));
    const bool leads =
        report.leads.empty() ||
        Seconds(report.kernels.back()) < Seconds(report.kernels[report.leads.back().kernel]);
    if (report.kernels.back().has_measurement() && leads) {
      report.leads.push_back(
          {absl::Milliseconds(report.kernels.size()), report.kernels.size() - 1});
    }
    Report(progress, static_cast<int>(report.kernels.size()));
    return absl::OkStatus();
  }

  static double Seconds(const v1::Candidate& candidate) {
    return candidate.measurement().median_seconds();
  }

  static v1::Candidate Measure(const Script& script, const ProfileRequest& request,
                               const v1::Kernel& kernel) {
    v1::Candidate candidate;
    *candidate.mutable_variant() = kernel.variant();
    candidate.set_content_hash(kernel.content_hash());
    const Result result =
        script.behaviour ? script.behaviour(request.problem, kernel) : Result(1e-3);
    if (const auto* failure = std::get_if<v1::Failure>(&result)) {
      *candidate.mutable_failure() = *failure;
    } else {
      *candidate.mutable_measurement() = MeasurementOf(std::get<double>(result));
    }
    return candidate;
  }

  static std::vector<v1::Candidate> Vendors(const Script& script) {
    std::vector<v1::Candidate> vendors;
    for (const double seconds : script.vendor_seconds) {
      v1::Candidate candidate;
      candidate.mutable_vendor()->set_library_version(130000);
      candidate.mutable_vendor()->set_algorithm(std::string(64, '\0'));
      candidate.mutable_vendor()->set_heuristic_rank(static_cast<int>(vendors.size()));
      *candidate.mutable_measurement() = MeasurementOf(seconds);
      vendors.push_back(candidate);
    }
    return vendors;
  }

  static void Report(const ProfileProgress& progress, int done) {
    if (!progress) return;
    v1::TuningProgress step;
    step.set_phase(v1::TUNING_PHASE_TIMING);
    step.set_done(done);
    step.set_total(done + 1);
    progress(step);
  }

  mutable absl::Mutex mutex_;
  Behaviour behaviour_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> vendor_seconds_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Device> devices_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::LibraryStatus> libraries_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  bool worker_lost_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Notification* gate_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<ProfileRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_FAKE_PROFILER_H_
