#include "server/kernel_loader.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "proto/support/errors.h"

namespace tilewright {

void KernelLoader::Load(const std::shared_ptr<const StoredWinner>& winner, uid_t user,
                        Callback done) {
  const std::string key = KernelCache::KeyOf(*winner);
  WirePtr loaded;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = waiting_.find(key);
    if (found != waiting_.end()) return found->second.push_back(std::move(done));
    // It may have been read since the caller looked.
    loaded = cache_.Find(*winner);
    if (loaded == nullptr) waiting_[key].push_back(std::move(done));
  }
  if (loaded != nullptr) return done(loaded);
  if (executor_.TryPost(user, [this, key, winner] { Run(key, *winner); })) return;
  Answer(key, MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                        "too many look-ups wait for the disk: try again in 100 ms",
                        {{"retry_delay_ms", "100"}}));
}

void KernelLoader::Run(const std::string& key, const StoredWinner& winner) {
  const absl::StatusOr<v1::Kernel> kernel = load_(winner);
  if (!kernel.ok()) {
    spdlog::error("the kernel of winner {} cannot be read: {}", winner.winner.key(),
                  std::string(kernel.status().message()));
    return Answer(key, kernel.status());
  }
  auto wire = std::make_shared<const WireKernel>(ToWire(*kernel));
  cache_.Put(winner, wire);
  Answer(key, std::move(wire));
}

void KernelLoader::Answer(const std::string& key, const absl::StatusOr<WirePtr>& kernel) {
  std::vector<Callback> callbacks;
  {
    absl::MutexLock lock(&mutex_);
    callbacks = std::move(waiting_[key]);
    waiting_.erase(key);
  }
  for (const Callback& callback : callbacks) callback(kernel);
}

}  // namespace tilewright
