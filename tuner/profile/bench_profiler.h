#ifndef TILEWRIGHT_TUNER_PROFILE_BENCH_PROFILER_H_
#define TILEWRIGHT_TUNER_PROFILE_BENCH_PROFILER_H_

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tuner/compile/compiler.h"
#include "tuner/profile/bench_client.h"
#include "tuner/profile/profile_run.h"
#include "tuner/profile/profiler.h"

namespace tilewright {

// Profiles in bench workers. This process makes no CUDA context and loads no CUDA library.
// Owned by main(); any thread.
class BenchProfiler final : public Profiler {
 public:
  using Options = ProfileRun::Options;

  // `compiler` compiles the reference kernels and outlives this.
  static absl::StatusOr<std::unique_ptr<BenchProfiler>> Create(Options options, Compiler& compiler);

  // Asks a worker once, and again later if it found no GPU. `environment` has only the driver's
  // version.
  std::vector<v1::Device> Devices() override;
  std::vector<v1::LibraryStatus> Libraries() override;
  bool KnowsDevices() override { return devices_.answered; }
  bool KnowsLibraries() override { return devices_.answered && libraries_.answered; }
  void StopAsking() override { stop_asking_ = true; }

  absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                        const Cancellation& cancellation,
                                        const ProfileProgress& progress) override;

 private:
  BenchProfiler(Options options, Compiler& compiler)
      : options_(std::move(options)), compiler_(compiler) {}

  // What a worker said last, and when. There are two, so that neither question waits for the other.
  struct Answer {
    absl::Mutex asking;  // Held while a worker is asked.
    std::optional<bench::DescribeReply> reply ABSL_GUARDED_BY(asking);
    SteadyTime time ABSL_GUARDED_BY(asking);
    std::atomic<bool> answered = false;  // A worker gave `reply`; it is not from a vain wait.
  };

  bench::DescribeReply Ask(Answer& answer, bool other_libraries);
  // Returns the mutex of a device; makes it on first use.
  absl::Mutex& DeviceMutex(int ordinal);
  absl::StatusOr<std::vector<std::string>> CompileReference(const v1::Problem& problem,
                                                            const std::string& architecture,
                                                            const Cancellation& cancellation);

  const Options options_;
  Compiler& compiler_;
  std::atomic<bool> stop_asking_ = false;
  Answer devices_;
  Answer libraries_;
  absl::Mutex mutex_;
  std::map<int, std::unique_ptr<absl::Mutex>> device_mutexes_ ABSL_GUARDED_BY(mutex_);
  // By (architecture, source).
  std::map<std::pair<std::string, std::string>, std::string> references_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_BENCH_PROFILER_H_
