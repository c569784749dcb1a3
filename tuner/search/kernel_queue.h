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

// Kernels on their way from the thread that has them compiled to the one that profiles them.
// Owned by a Search; each half is for one thread.
class KernelQueue final : public KernelSupply {
 public:
  // The compiling thread's half.
  void Push(v1::Kernel kernel);
  // What was pushed is all of this generation. `last`: no other one follows.
  void EndGeneration(bool last);
  // What Continue was told, once the profiling thread asks for another generation; nothing if it
  // has ended instead.
  std::optional<std::vector<double>> AwaitContinue();

  // The profiling thread's half.
  std::optional<v1::Kernel> Next() override;
  bool Continue(const std::vector<double>& seconds) override;
  // The Profile has returned.
  void Leave();

 private:
  absl::Mutex mutex_;
  std::deque<v1::Kernel> kernels_ ABSL_GUARDED_BY(mutex_);
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;  // This generation is.
  bool last_ ABSL_GUARDED_BY(mutex_) = false;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<std::vector<double>> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_KERNEL_QUEUE_H_
