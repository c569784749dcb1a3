#ifndef TILEWRIGHT_SERVER_LOOKUP_KERNEL_LOADER_H_
#define TILEWRIGHT_SERVER_LOOKUP_KERNEL_LOADER_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "server/lookup/kernel_cache.h"
#include "server/net/executor.h"
#include "server/net/single_flight.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Gets the kernels of winners from memory or from the store. Concurrent callers share one load: at
// the start of a job every rank asks for the same cold kernel. Owned by DaemonServer; thread-safe.
class KernelLoader {
 public:
  using LoadFunction = std::function<absl::StatusOr<v1::Kernel>(const StoredWinner&)>;
  using WirePtr = std::shared_ptr<const WireKernel>;
  using Callback = SingleFlight<absl::StatusOr<WirePtr>>::Callback;

  // `load` may block; `executor` outlives this.
  KernelLoader(LoadFunction load, std::size_t max_cached_bytes, Executor& executor)
      : load_(std::move(load)), cache_(max_cached_bytes), flights_(executor) {}

  // Returns null if the kernel is not in memory.
  WirePtr Find(const StoredWinner& winner) { return cache_.Find(winner); }

  // Loads for `user`. Calls `done` once, from a thread of the executor or from this one. Errors:
  // those of `load`, and RESOURCE_EXHAUSTED, reason TOO_BUSY, with retry_delay_ms.
  void Load(const std::shared_ptr<const StoredWinner>& winner, uid_t user, Callback done);

 private:
  absl::StatusOr<WirePtr> Read(const StoredWinner& winner);

  const LoadFunction load_;
  KernelCache cache_;
  SingleFlight<absl::StatusOr<WirePtr>> flights_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_KERNEL_LOADER_H_
