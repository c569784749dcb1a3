#ifndef TILEWRIGHT_SERVER_LOOKUP_KERNEL_USES_H_
#define TILEWRIGHT_SERVER_LOOKUP_KERNEL_USES_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

namespace tilewright {

// Remembers which kernels were served or stored since the daemon started. Repeated answers from
// memory do not reach this object, so each kernel counts as served until the daemon ends. Pruning
// may keep too much. Owned by DaemonServer; thread-safe.
class KernelUses {
 public:
  // Ignores an empty hash: a cublasLt winner has no kernel here.
  void Note(const std::string& content_hash) {
    if (content_hash.empty()) return;
    absl::MutexLock lock(&mutex_);
    served_.insert(content_hash);
  }

  std::vector<std::string> Served() const {
    absl::MutexLock lock(&mutex_);
    return {served_.begin(), served_.end()};
  }

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> served_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_KERNEL_USES_H_
