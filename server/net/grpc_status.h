// The only place that converts an absl::Status to a grpc::Status.
#ifndef TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_
#define TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace tilewright {

// Returns code, message, and google.rpc.Status with the ErrorInfo as "grpc-status-details-bin".
// Cuts the message to fit a client's metadata limit.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_
