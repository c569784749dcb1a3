#include "client/cpp/kernel_cache.h"

#include <utility>

namespace tilewright {

KernelCache::~KernelCache() {
  for (std::atomic<Entry*>& bucket : buckets_) {
    for (Entry* entry = bucket.load(std::memory_order_relaxed); entry != nullptr;) {
      delete std::exchange(entry, entry->next);
    }
  }
}

const KernelCache::Entry* KernelCache::FindEntry(const RequestKey& key) const {
  const std::atomic<Entry*>& bucket = buckets_[key.hash % kBuckets];
  for (const Entry* entry = bucket.load(std::memory_order_acquire); entry != nullptr;
       entry = entry->next) {
    if (entry->hash == key.hash && entry->key == key.bytes &&
        !entry->dropped.load(std::memory_order_relaxed)) {
      return entry;
    }
  }
  return nullptr;
}

std::shared_ptr<const Kernel> KernelCache::Find(const RequestKey& key) const {
  const Entry* entry = FindEntry(key);
  return entry == nullptr ? nullptr : entry->kernel;
}

std::shared_ptr<const Kernel> KernelCache::Insert(const RequestKey& key,
                                                  std::shared_ptr<const Kernel> kernel) {
  absl::MutexLock lock(&writers_);
  if (const Entry* kept = FindEntry(key)) return kept->kernel;
  std::atomic<Entry*>& bucket = buckets_[key.hash % kBuckets];
  auto entry = std::make_unique<Entry>();
  entry->key = std::string(key.bytes);
  entry->hash = key.hash;
  entry->kernel = std::move(kernel);
  entry->next = bucket.load(std::memory_order_relaxed);
  bucket.store(entry.get(), std::memory_order_release);
  return entry.release()->kernel;
}

int64_t KernelCache::DropProvisional() {
  absl::MutexLock lock(&writers_);
  int64_t dropped = 0;
  for (std::atomic<Entry*>& bucket : buckets_) {
    for (Entry* entry = bucket.load(std::memory_order_relaxed); entry != nullptr;
         entry = entry->next) {
      if (!entry->kernel->provisional() || entry->dropped.exchange(true)) continue;
      ++dropped;
    }
  }
  return dropped;
}

}  // namespace tilewright
