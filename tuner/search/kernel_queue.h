#ifndef TILEWRIGHT_TUNER_SEARCH_KERNEL_QUEUE_H_
#define TILEWRIGHT_TUNER_SEARCH_KERNEL_QUEUE_H_

#include <deque>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/profile/profiler.h"

namespace tilewright {

// Passes kernels from the thread that has them compiled to the thread that profiles them.
// Owned by a Search; each half is for one thread.
class KernelQueue final : public KernelSupply {
 public:
  // The compiling thread's half.
  void Push(v1::Kernel kernel);
  // Says that this generation is complete. `last`: no other generation follows.
  void EndGeneration(bool last);
  // Waits until the profiling thread asks for another generation and returns the seconds it passed
  // to Continue. Returns nothing if profiling has ended instead.
  std::optional<std::vector<double>> AwaitContinue();

  // The profiling thread's half.
  std::optional<v1::Kernel> Next() override;
  bool Continue(const std::vector<double>& seconds) override;
  // Says that the Profile has returned.
  void Leave();

 private:
  absl::Mutex mutex_;
  std::deque<v1::Kernel> kernels_ ABSL_GUARDED_BY(mutex_);
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;  // This generation is complete.
  bool last_ ABSL_GUARDED_BY(mutex_) = false;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<std::vector<double>> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_KERNEL_QUEUE_H_
