#ifndef TILEWRIGHT_SERVER_TUNING_DEVICE_TABLE_H_
#define TILEWRIGHT_SERVER_TUNING_DEVICE_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_mutex.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/profile/profiler.h"

namespace tilewright {

// What a request is for: a target, and the GPU to measure on, if there is one.
struct ResolvedTarget {
  v1::Target target;
  int device_ordinal = -1;  // Negative: a named target, ranked by the model.
};

// Knows the GPUs and libraries as they were at the start of the daemon, so that look-ups never ask
// a driver. A library that does not finish loading delays nobody: after some seconds, the daemon
// starts without the answer and enters it later. Owned by DaemonServer; thread-safe.
class DeviceTable {
 public:
  // Drivers of many GPUs wake slowly. A longer wait at the start helps nobody.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  // Waits up to `patience` for answers.
  DeviceTable(Compiler& compiler, Profiler& profiler, absl::Duration patience = kPatience);
  ~DeviceTable();  // Same as Stop.
  DeviceTable(const DeviceTable&) = delete;
  DeviceTable& operator=(const DeviceTable&) = delete;

  // Calls `listener` with the number of devices: at once if they are known, otherwise on another
  // thread when they become known before Stop.
  void WhenDevicesAreKnown(std::function<void(int devices)> listener);

  // Ends the questions and joins their threads.
  void Stop();

  // Resolves a target name, or GPU `ordinal` if `profile` is empty. FAILED_PRECONDITION, reason
  // NO_GPU or GPU_UNUSABLE. INVALID_ARGUMENT: an unknown name or ordinal. UNAVAILABLE, reason
  // DEVICES_UNKNOWN, with retry_delay_ms: the driver has not answered yet.
  absl::StatusOr<ResolvedTarget> Resolve(const std::string& profile, int ordinal) const;

  // Looks for NVRTC again if it was missing: it may be installed by now. May block.
  void FindMissing();

  // Sets the NVRTC version of `environment` if it is empty. May block like FindMissing.
  void Complete(v1::Environment& environment);

  // UNAVAILABLE, reason DEVICES_UNKNOWN, with retry_delay_ms: NVRTC has not answered yet. A compile
  // now would be stored for an environment without NVRTC. OK if there is no NVRTC.
  absl::Status CheckNvrtcIsKnown() const;

  int device_count() const { return device_count_; }
  // Returns whether all have answered. Then this table's answers do not change.
  bool settled() const { return settled_.load(std::memory_order_acquire); }
  // Returns cublasLtGetVersion of the library that times algorithms, or 0 if there is none.
  int64_t vendor_library_version() const { return vendor_library_version_; }
  v1::ListDevicesResponse listing() const { return *Listing(); }

 private:
  using ListingPtr = std::shared_ptr<const v1::ListDevicesResponse>;
  ListingPtr Listing() const;

  // The questions. Each has its own thread.
  enum Question { kDevices, kLibraries, kNvrtc, kQuestions };

  // Runs a question's thread: asks until there is an answer.
  void Ask(Question question);
  // Asks once and enters the answer. Returns whether there was one.
  bool AskOnce(Question question);
  void EnterDevices(std::vector<v1::Device> devices);
  void EnterLibraries(std::vector<v1::LibraryStatus> libraries);
  void EnterNvrtc(const v1::LibraryStatus& nvrtc);
  bool IsAnswered(Question question) const;
  // Returns the names of unanswered questions, for people. Empty if none.
  std::string Awaited() const;

  Compiler& compiler_;
  Profiler& profiler_;
  const absl::Duration patience_;
  const SteadyTime begin_ = SteadyTime::Now();
  std::atomic<int> device_count_ = 0;
  std::atomic<int64_t> vendor_library_version_ = 0;
  std::atomic<bool> settled_ = false;
  SteadyEvent stop_;
  mutable SteadyMutex asking_;
  // Whether each question was asked once, with or without an answer.
  std::array<bool, kQuestions> asked_ ABSL_GUARDED_BY(asking_) = {};
  std::array<bool, kQuestions> answered_ ABSL_GUARDED_BY(asking_) = {};
  std::function<void(int)> listener_ ABSL_GUARDED_BY(asking_);
  mutable absl::Mutex mutex_;
  ListingPtr listing_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_DEVICE_TABLE_H_
