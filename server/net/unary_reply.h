// Functions that answer a unary call.
#ifndef TILEWRIGHT_SERVER_NET_UNARY_REPLY_H_
#define TILEWRIGHT_SERVER_NET_UNARY_REPLY_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/support/errors.h"
#include "server/net/answer_later.h"
#include "server/net/caller.h"
#include "server/net/executor.h"
#include "server/net/grpc_status.h"
#include "server/net/stop_signal.h"

namespace tilewright {

// Answers now.
inline grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                       const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// Runs `work` on a thread of the executor and answers with its absl::StatusOr<Response>. Answers
// SERVER_STOPPING if the stop does not wait for it. `work` must own what it needs of the request,
// which is gone after the answer.
template <class Response, class Work>
grpc::ServerUnaryReactor* ReplyLater(grpc::CallbackServerContext* context, Executor& executor,
                                     StopSignal& stop, CallKind kind, Response* response,
                                     Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = AnswerLater<absl::StatusOr<Response>>(
      executor, CallerOf(*context), stop, kind, std::move(work),
      [reactor, response](absl::StatusOr<Response> result) {
        const absl::Status status = result.status();
        if (status.ok()) *response = *std::move(result);
        reactor->Finish(ToGrpcStatus(status));
      });
  if (!posted) {
    reactor->Finish(ToGrpcStatus(MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                                           "too many calls wait: try again in 100 ms",
                                           {{"retry_delay_ms", "100"}})));
  }
  return reactor;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_UNARY_REPLY_H_
