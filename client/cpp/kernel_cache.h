#ifndef TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
#define TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/request_key.h"
#include "tilewright/kernel.h"

namespace tilewright {

// Answers by request. Owned by a Client; thread-safe. A hit takes one reader lock of one of
// several shards and allocates nothing. Unbounded: a training job has tens of problems.
class KernelCache {
 public:
  // The kernel kept for `key`, or null.
  std::shared_ptr<const Kernel> Find(const RequestKey& key) const;

  // Keeps `kernel` unless there is one already, and gives the one that is kept: threads that
  // missed at the same time get the same kernel.
  std::shared_ptr<const Kernel> Insert(const RequestKey& key, std::shared_ptr<const Kernel> kernel);

  // Drops provisional kernels; how many there were.
  int64_t DropProvisional();

 private:
  struct OwnedKey {
    std::string bytes;
    uint64_t hash;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const OwnedKey& key) const { return key.hash; }
    size_t operator()(const RequestKey& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const OwnedKey& a, const OwnedKey& b) const { return a.bytes == b.bytes; }
    bool operator()(const OwnedKey& a, const RequestKey& b) const {
      return a.hash == b.hash && a.bytes == b.bytes;
    }
    bool operator()(const RequestKey& a, const OwnedKey& b) const { return (*this)(b, a); }
  };
  struct alignas(64) Shard {
    mutable absl::Mutex mutex;
    absl::flat_hash_map<OwnedKey, std::shared_ptr<const Kernel>, Hash, Equal> kernels
        ABSL_GUARDED_BY(mutex);
  };

  static constexpr size_t kShards = 16;
  // The top bits: the map itself uses the low ones.
  static size_t ShardOf(uint64_t hash) { return hash >> 60; }

  std::array<Shard, kShards> shards_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_KERNEL_CACHE_H_
