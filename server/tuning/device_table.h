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

// What a request is about: a target, and the GPU to measure on where there is one.
struct ResolvedTarget {
  v1::Target target;
  int device_ordinal = -1;  // Negative: a named target, ranked by the model.
};

// The GPUs and libraries as they were when the daemon started: asked once, so that look-ups
// never ask a driver. A library that does not finish loading holds nobody up: what has not
// answered within some seconds is asked on, and entered when it answers. Owned by DaemonServer;
// thread-safe.
class DeviceTable {
 public:
  // Drivers of many GPUs wake slowly; a start that waits for longer helps nobody.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  // Waits for answers up to `patience`.
  DeviceTable(Compiler& compiler, Profiler& profiler, absl::Duration patience = kPatience);
  ~DeviceTable();  // As Stop.
  DeviceTable(const DeviceTable&) = delete;
  DeviceTable& operator=(const DeviceTable&) = delete;

  // Calls `listener` with the number of devices if they become known later, on another thread,
  // until Stop. At once where they are known.
  void WhenDevicesAreKnown(std::function<void(int devices)> listener);

  // Ends the asking and joins its threads.
  void Stop();

  // `profile` names a target, or is empty for GPU `ordinal`. FAILED_PRECONDITION, reason
  // NO_GPU or GPU_UNUSABLE; INVALID_ARGUMENT for an unknown name or ordinal. UNAVAILABLE, reason
  // DEVICES_UNKNOWN, with retry_delay_ms: the driver has not answered yet.
  absl::StatusOr<ResolvedTarget> Resolve(const std::string& profile, int ordinal) const;

  // Looks for NVRTC again where it was not there: it may have been installed since. May block.
  void FindMissing();

  // Enters the NVRTC that is there by now into `environment`, if none is. May block as FindMissing.
  void Complete(v1::Environment& environment);

  // UNAVAILABLE, reason DEVICES_UNKNOWN, with retry_delay_ms: NVRTC has not answered yet, and what
  // is compiled would be stored for an environment that has none. OK where there is none.
  absl::Status CheckNvrtcIsKnown() const;

  int device_count() const { return device_count_; }
  // Whether all have answered, so that what follows from this table stays true.
  bool settled() const { return settled_.load(std::memory_order_acquire); }
  // cublasLtGetVersion of the library that algorithms are timed with; 0 where there is none.
  int64_t vendor_library_version() const { return vendor_library_version_; }
  v1::ListDevicesResponse listing() const { return *Listing(); }

 private:
  using ListingPtr = std::shared_ptr<const v1::ListDevicesResponse>;
  ListingPtr Listing() const;

  // The questions. Each is asked on a thread of its own.
  enum Question { kDevices, kLibraries, kNvrtc, kQuestions };

  // The life of a question's thread: asks until there is an answer.
  void Ask(Question question);
  // Asks once, and enters an answer. Whether there was one.
  bool AskOnce(Question question);
  void EnterDevices(std::vector<v1::Device> devices);
  void EnterLibraries(std::vector<v1::LibraryStatus> libraries);
  void EnterNvrtc(const v1::LibraryStatus& nvrtc);
  bool IsAnswered(Question question) const;
  // What is waited for, for people; empty: nothing.
  std::string Awaited() const;

  Compiler& compiler_;
  Profiler& profiler_;
  const SteadyTime begin_ = SteadyTime::Now();
  std::atomic<int> device_count_ = 0;
  std::atomic<int64_t> vendor_library_version_ = 0;
  std::atomic<bool> settled_ = false;
  SteadyEvent stop_;
  mutable SteadyMutex asking_;
  // Asked once, be it without an answer.
  std::array<bool, kQuestions> asked_ ABSL_GUARDED_BY(asking_) = {};
  std::array<bool, kQuestions> answered_ ABSL_GUARDED_BY(asking_) = {};
  std::function<void(int)> listener_ ABSL_GUARDED_BY(asking_);
  mutable absl::Mutex mutex_;
  ListingPtr listing_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_DEVICE_TABLE_H_
