#ifndef TILEWRIGHT_SERVER_LOOKUP_KERNEL_CACHE_H_
#define TILEWRIGHT_SERVER_LOOKUP_KERNEL_CACHE_H_

#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/slice.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// A kernel in wire format: the bytes of a GetKernelResponse that has only its `kernel`. All replies
// with this kernel share them.
struct WireKernel {
  std::string content_hash;
  grpc::Slice with_cubin;
  grpc::Slice without_cubin;
};

WireKernel ToWire(const v1::Kernel& kernel);

// Keeps the kernels of recently used winners, so that replies need no disk. Bounded in bytes; drops
// the kernel that was unused longest. Thread-safe.
class KernelCache {
 public:
  explicit KernelCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Names one kernel with one plan: a winner is written once for each epoch.
  static std::string KeyOf(const StoredWinner& winner);

  // Returns null on a miss.
  std::shared_ptr<const WireKernel> Find(const StoredWinner& winner);
  void Put(const StoredWinner& winner, std::shared_ptr<const WireKernel> kernel);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const WireKernel> kernel;
  };

  const std::size_t max_bytes_;
  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // Most recently used first.
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_KERNEL_CACHE_H_
