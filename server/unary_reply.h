// Ways to answer a unary call.
#ifndef TILEWRIGHT_SERVER_UNARY_REPLY_H_
#define TILEWRIGHT_SERVER_UNARY_REPLY_H_

#include <utility>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/support/errors.h"
#include "server/executor.h"
#include "server/grpc_status.h"

namespace tilewright {

// Answers now.
inline grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                       const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Answers with the status that `work` returns on a thread of the executor. gRPC keeps
// request and response until the answer is given.
template <class Work>
grpc::ServerUnaryReactor* ReplyLater(grpc::CallbackServerContext* context, Executor& executor,
                                     Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = executor.TryPost(
      [reactor, work = std::move(work)]() mutable { reactor->Finish(ToGrpcStatus(work())); });
  if (!posted) {
    reactor->Finish(ToGrpcStatus(MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                                           "too many calls wait for the disk: try again in 100 ms",
                                           {{"retry_delay_ms", "100"}})));
  }
  return reactor;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_UNARY_REPLY_H_
