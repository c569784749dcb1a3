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

// The answer to a look-up before it is bytes or a message.
struct LookupAnswer {
  v1::GetKernelResponse head;                // All but the kernel.
  std::shared_ptr<const WireKernel> kernel;  // Null where the answer is a vendor's.
  bool include_cubin = true;
  // The same request gets the same bytes while the index has this version, and starts no work.
  bool repeatable = false;
  int64_t version = 0;

  grpc::ByteBuffer ToBytes() const;
  v1::GetKernelResponse ToMessage() const;
};

// What look-ups work with. Everything outlives every look-up.
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

// One look-up, from its request to its one answer. Nothing blocks the thread that starts
// it: disk and compiles are left to others. Thread-safe.
class Lookup {
 public:
  using Callback = std::function<void(absl::StatusOr<LookupAnswer>)>;

  virtual ~Lookup() = default;

  // The caller is gone: the answer is an error soon, and a tuning that nobody else waits
  // for ends.
  virtual void Abandon() = 0;

  // `done` is called exactly once, from any thread, perhaps before this returns. After
  // `deadline` it is DEADLINE_EXCEEDED, and the tuning goes on where there is room for it. What
  // waits for work when the server stops is UNAVAILABLE, reason SERVER_STOPPING, at once. What is
  // queued is on the account of `user`.
  static std::shared_ptr<Lookup> Start(const LookupContext& context, v1::GetKernelRequest request,
                                       SteadyTime deadline, uid_t user, Callback done);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_LOOKUP_H_
