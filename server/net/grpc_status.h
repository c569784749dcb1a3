// The one place where a status of ours becomes gRPC's.
#ifndef TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_
#define TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace tilewright {

// Code, message, and google.rpc.Status with the ErrorInfo as "grpc-status-details-bin".
// Messages are cut to fit a client's metadata limit.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_GRPC_STATUS_H_
