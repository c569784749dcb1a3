#include "client/cpp/kernel_cache.h"

#include <utility>

namespace tilewright {

std::shared_ptr<const Kernel> KernelCache::Find(const RequestKey& key) const {
  const Shard& shard = shards_[ShardOf(key.hash)];
  absl::ReaderMutexLock lock(&shard.mutex);
  const auto found = shard.kernels.find(key);
  return found == shard.kernels.end() ? nullptr : found->second;
}

std::shared_ptr<const Kernel> KernelCache::Insert(const RequestKey& key,
                                                  std::shared_ptr<const Kernel> kernel) {
  Shard& shard = shards_[ShardOf(key.hash)];
  absl::MutexLock lock(&shard.mutex);
  const auto [kept, inserted] =
      shard.kernels.try_emplace(OwnedKey{std::string(key.bytes), key.hash}, std::move(kernel));
  return kept->second;
}

int64_t KernelCache::DropProvisional() {
  int64_t dropped = 0;
  for (Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    dropped += static_cast<int64_t>(absl::erase_if(
        shard.kernels, [](const auto& entry) { return entry.second->provisional(); }));
  }
  return dropped;
}

}  // namespace tilewright
