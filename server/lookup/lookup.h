#ifndef TILEWRIGHT_SERVER_LOOKUP_LOOKUP_H_
#define TILEWRIGHT_SERVER_LOOKUP_LOOKUP_H_

#include <sys/types.h>

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "proto/support/steady_time.h"
#include "server/lookup/kernel_loader.h"
#include "server/lookup/kernel_uses.h"
#include "server/lookup/predictor.h"
#include "server/net/executor.h"
#include "server/net/stop_signal.h"
#include "server/tuning/device_table.h"
#include "server/tuning/revalidation_queue.h"
#include "server/tuning/scheduler.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// The answer to a look-up, before it becomes bytes or a message.
struct LookupAnswer {
  v1::GetKernelResponse head;                // Everything but the kernel.
  std::shared_ptr<const WireKernel> kernel;  // Null if the answer is a vendor algorithm.
  bool include_cubin = true;
  // While the index has this version, the same request gets the same bytes and starts no work.
  bool repeatable = false;
  int64_t version = 0;

  grpc::ByteBuffer ToBytes() const;
  v1::GetKernelResponse ToMessage() const;
};

// What look-ups need. Everything outlives every look-up.
struct LookupContext {
  const DeviceTable& devices;
  const WinnerIndex& index;
  KernelLoader& kernels;
  Scheduler& scheduler;
  Predictor& predictor;
  Executor& executor;
  StopSignal& stop;
  KernelUses& uses;
  RevalidationQueue& revalidation;
};

// One look-up, from request to answer. Never blocks the thread that starts it: other threads do
// disk work and compiles. Thread-safe.
class Lookup {
 public:
  using Callback = std::function<void(absl::StatusOr<LookupAnswer>)>;

  virtual ~Lookup() = default;

  // The caller left: ends the look-up with an error soon, and a tuning that nobody else waits for.
  virtual void Abandon() = 0;

  // Calls `done` exactly once, from any thread, perhaps before this returns. After `deadline`, the
  // answer is DEADLINE_EXCEEDED; the tuning goes on if the queue has room. When the server stops, a
  // look-up that waits for work gets UNAVAILABLE, reason SERVER_STOPPING, at once. Queued work
  // counts as the work of `user`.
  static std::shared_ptr<Lookup> Start(const LookupContext& context, v1::GetKernelRequest request,
                                       SteadyTime deadline, uid_t user, Callback done);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_LOOKUP_H_
