#ifndef TILEWRIGHT_SERVER_LOOKUP_SOURCE_RENDERER_H_
#define TILEWRIGHT_SERVER_LOOKUP_SOURCE_RENDERER_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "server/net/executor.h"
#include "server/tuning/device_table.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// Renders the CUDA source of variants, and compiles it on request. Stores nothing. Only enum values
// and checked numbers of a request reach a source; nothing reaches the compiler's options. Owned by
// DaemonServer; thread-safe.
class SourceRenderer {
 public:
  // All references outlive this object.
  SourceRenderer(DeviceTable& devices, const WinnerIndex& index, Compiler& compiler);

  // Returns the errors of KernelService.RenderSource. Blocks while it compiles.
  absl::StatusOr<v1::RenderSourceResponse> Render(const v1::RenderSourceRequest& request);

  // Callers run Render on this executor.
  Executor& executor() { return executor_; }
  std::size_t pending() const { return executor_.pending(); }

  // Cancels the compiles under way and joins the threads.
  void Stop();

 private:
  absl::Status Compile(v1::RenderSourceResponse& response);

  DeviceTable& devices_;
  const WinnerIndex& index_;
  Compiler& compiler_;
  Cancellation cancellation_;
  Executor executor_;  // Last: its threads use all members above.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_SOURCE_RENDERER_H_
