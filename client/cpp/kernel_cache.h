#ifndef TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
#define TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/reader_count.h"
#include "client/cpp/request_key.h"
#include "tilewright/kernel.h"

namespace tilewright {

// Keeps answers by request. Owned by a Client; thread-safe. A hit takes no lock and allocates
// nothing, and up to kHandles threads write nothing that another thread writes. A reader lock for
// all threads of a trainer cost 30 times the look-up itself; one reference count for all of them
// cost 5 times. A dropped entry leaves its chain at once, and is freed when no reader can be on it.
class KernelCache {
 public:
  KernelCache() = default;
  ~KernelCache();
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  // Returns the kernel that is kept for `key`, or null.
  std::shared_ptr<const Kernel> Find(const RequestKey& key) const;

  // Keeps `kernel` unless one is kept already. Returns the one that is kept, so threads that missed
  // at the same time get the same kernel.
  std::shared_ptr<const Kernel> Insert(const RequestKey& key, std::shared_ptr<const Kernel> kernel);

  // Drops provisional kernels and returns their number.
  int64_t DropProvisional();

 private:
  // The handles of one kernel. Each has its own reference count, and threads share them evenly.
  static constexpr size_t kHandles = 8;
  using Handles = std::array<std::shared_ptr<const Kernel>, kHandles>;

  // Immutable once published, except for the link.
  struct Entry {
    std::string key;
    uint64_t hash = 0;
    Handles handles;
    std::atomic<Entry*> next{nullptr};
  };
  using Entries = std::vector<std::unique_ptr<const Entry>>;

  // Buckets of singly linked entries, newest first.
  static constexpr size_t kBuckets = 1024;

  static Handles HandlesOf(const std::shared_ptr<const Kernel>& kernel);
  const Entry* FindEntry(const RequestKey& key) const;

  // Takes the provisional entries out of their chains.
  Entries Unlink() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writers_);
  // Returns what can be freed by now. Destroy it without the lock: the last owner of a kernel
  // unloads its code from the GPU.
  Entries TakeFree() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writers_);

  std::array<std::atomic<Entry*>, kBuckets> buckets_{};
  mutable ReaderCount readers_;
  absl::Mutex writers_;
  Entries retired_ ABSL_GUARDED_BY(writers_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
