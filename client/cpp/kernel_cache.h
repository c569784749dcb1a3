#ifndef TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
#define TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/request_key.h"
#include "tilewright/kernel.h"

namespace tilewright {

// Answers by request. Owned by a Client; thread-safe. A hit takes no lock, writes nothing but
// the kernel's reference count and allocates nothing: a reader lock, shared by the threads of
// a trainer, cost 30 times the look-up itself. Entries are never taken out while the cache
// lives, only marked, so that readers need not be waited for: a training job has tens of
// problems.
class KernelCache {
 public:
  KernelCache() = default;
  ~KernelCache();
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  // The kernel kept for `key`, or null.
  std::shared_ptr<const Kernel> Find(const RequestKey& key) const;

  // Keeps `kernel` unless there is one already, and gives the one that is kept: threads that
  // missed at the same time get the same kernel.
  std::shared_ptr<const Kernel> Insert(const RequestKey& key, std::shared_ptr<const Kernel> kernel);

  // Drops provisional kernels; how many there were.
  int64_t DropProvisional();

 private:
  // Immutable once published, but for the mark.
  struct Entry {
    std::string key;
    uint64_t hash = 0;
    std::shared_ptr<const Kernel> kernel;
    std::atomic<bool> dropped{false};
    Entry* next = nullptr;
  };

  // Buckets of singly linked entries, newest first.
  static constexpr size_t kBuckets = 1024;

  const Entry* FindEntry(const RequestKey& key) const;

  std::array<std::atomic<Entry*>, kBuckets> buckets_{};
  absl::Mutex writers_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
