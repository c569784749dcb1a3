#include "server/lookup/kernel_loader.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "proto/support/errors.h"

namespace tilewright {

void KernelLoader::Load(const std::shared_ptr<const StoredWinner>& winner, uid_t user,
                        Callback done) {
  flights_.Do(
      KernelCache::KeyOf(*winner), user, [this, winner] { return Read(*winner); }, std::move(done),
      []() -> absl::StatusOr<WirePtr> {
        return MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                         "too many look-ups wait for the disk: try again in 100 ms",
                         {{"retry_delay_ms", "100"}});
      });
}

absl::StatusOr<KernelLoader::WirePtr> KernelLoader::Read(const StoredWinner& winner) {
  // Another caller may have loaded it since this caller looked.
  if (WirePtr known = cache_.Find(winner)) return known;
  const absl::StatusOr<v1::Kernel> kernel = load_(winner);
  if (!kernel.ok()) {
    spdlog::error("the kernel of winner {} cannot be read: {}", winner.winner.key(),
                  std::string(kernel.status().message()));
    return kernel.status();
  }
  auto wire = std::make_shared<const WireKernel>(ToWire(*kernel));
  cache_.Put(winner, wire);
  return wire;
}

}  // namespace tilewright
