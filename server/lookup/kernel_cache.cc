#include "server/lookup/kernel_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tilewright/v1/kernel_service.pb.h"

namespace tilewright {
namespace {

std::size_t BytesOf(const WireKernel& kernel) {
  return kernel.with_cubin.size() + kernel.without_cubin.size();
}

}  // namespace

WireKernel ToWire(const v1::Kernel& kernel) {
  WireKernel wire;
  wire.content_hash = kernel.content_hash();
  v1::GetKernelResponse response;
  *response.mutable_kernel() = kernel;
  wire.with_cubin = grpc::Slice(response.SerializeAsString());
  response.mutable_kernel()->clear_cubin();
  wire.without_cubin = grpc::Slice(response.SerializeAsString());
  return wire;
}

std::string KernelCache::KeyOf(const StoredWinner& winner) {
  return absl::StrCat(winner.winner.key(), "/", winner.winner.epoch());
}

std::shared_ptr<const WireKernel> KernelCache::Find(const StoredWinner& winner) {
  absl::MutexLock lock(&mutex_);
  const auto found = by_key_.find(KeyOf(winner));
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->kernel;
}

void KernelCache::Put(const StoredWinner& winner, std::shared_ptr<const WireKernel> kernel) {
  std::string key = KeyOf(winner);
  absl::MutexLock lock(&mutex_);
  if (by_key_.contains(key)) return;
  bytes_ += BytesOf(*kernel);
  entries_.push_front({key, std::move(kernel)});
  by_key_[std::move(key)] = entries_.begin();
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    bytes_ -= BytesOf(*entries_.back().kernel);
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace tilewright
