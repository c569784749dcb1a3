#include "client/cpp/kernel_cache.h"

#include <iterator>
#include <utility>

namespace tilewright {
namespace {

// Keeps a kernel for a handle. The reference count beside it takes over its alignment, and so has
// cache lines of its own.
struct alignas(64) Keeper {
  std::shared_ptr<const Kernel> kernel;
  void operator()(const Kernel*) { kernel.reset(); }
};

}  // namespace

KernelCache::~KernelCache() {
  for (std::atomic<Entry*>& bucket : buckets_) {
    for (Entry* entry = bucket.load(); entry != nullptr;) {
      delete std::exchange(entry, entry->next.load());
    }
  }
}

KernelCache::Handles KernelCache::HandlesOf(const std::shared_ptr<const Kernel>& kernel) {
  Handles handles;
  for (std::shared_ptr<const Kernel>& handle : handles) handle = {kernel.get(), Keeper{kernel}};
  return handles;
}

const KernelCache::Entry* KernelCache::FindEntry(const RequestKey& key) const {
  for (const Entry* entry = buckets_[key.hash % kBuckets].load(); entry != nullptr;
       entry = entry->next.load()) {
    if (entry->hash == key.hash && entry->key == key.bytes) return entry;
  }
  return nullptr;
}

std::shared_ptr<const Kernel> KernelCache::Find(const RequestKey& key) const {
  const ReaderCount::Scope reading(readers_);
  const Entry* entry = FindEntry(key);
  if (entry == nullptr) return nullptr;
  return entry->handles[reading.line() % kHandles];
}

std::shared_ptr<const Kernel> KernelCache::Insert(const RequestKey& key,
                                                  std::shared_ptr<const Kernel> kernel) {
  Entries freed;
  absl::MutexLock lock(&writers_);
  freed = TakeFree();
  if (const Entry* kept = FindEntry(key)) return kept->handles.front();
  std::atomic<Entry*>& bucket = buckets_[key.hash % kBuckets];
  auto entry = std::make_unique<Entry>();
  entry->key = std::string(key.bytes);
  entry->hash = key.hash;
  entry->handles = HandlesOf(kernel);
  entry->next.store(bucket.load());
  bucket.store(entry.get());
  return entry.release()->handles.front();
}

int64_t KernelCache::DropProvisional() {
  Entries freed;
  absl::MutexLock lock(&writers_);
  Entries dropped = Unlink();
  const auto count = static_cast<int64_t>(dropped.size());
  retired_.insert(retired_.end(), std::make_move_iterator(dropped.begin()),
                  std::make_move_iterator(dropped.end()));
  freed = TakeFree();
  return count;
}

KernelCache::Entries KernelCache::Unlink() {
  Entries dropped;
  for (std::atomic<Entry*>& bucket : buckets_) {
    std::atomic<Entry*>* link = &bucket;
    while (Entry* entry = link->load()) {
      if (!entry->handles.front()->provisional()) {
        link = &entry->next;
        continue;
      }
      // A reader that is at this entry can still follow it to the rest of the chain.
      link->store(entry->next.load());
      dropped.emplace_back(entry);
    }
  }
  return dropped;
}

KernelCache::Entries KernelCache::TakeFree() {
  if (retired_.empty() || !readers_.AllHaveLeft()) return {};
  return std::exchange(retired_, {});
}

}  // namespace tilewright
