#ifndef TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_
#define TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace tilewright {

// The status a call ended with, with the ErrorInfo of its trailers. As WithReason.
absl::Status FromGrpcStatus(const grpc::Status& status);

// `status`; of a call that the daemon cut off, and this client did not cancel: UNAVAILABLE, reason
// CALL_CUT_OFF. gRPC ends such a call as CANCELLED, without a reason: what is open at the end of a
// stop, and a stream whose client reads nothing for too long.
absl::Status WithReason(const absl::Status& status);

// Whether the call failed on the way rather than in the service: the service's own UNAVAILABLE
// says why in an ErrorInfo, the transport's does not.
bool IsTransportFailure(const absl::Status& status);

// Whether the call's deadline came before any answer: what the service itself says of a deadline
// comes with an ErrorInfo.
bool IsUnanswered(const absl::Status& status);

// `status`; of a call that the daemon does not know: UNIMPLEMENTED, reason OTHER_VERSION, as client
// and daemon are of different versions.
absl::Status WithOtherVersion(const absl::Status& status, const std::string& socket_path);

// How long the service asked to wait before the call is sent again; nothing where it did not, or
// where the call cannot succeed by waiting.
std::optional<std::chrono::milliseconds> RetryDelayOf(const absl::Status& status);

// What a transport failure is reported as: UNAVAILABLE, reason DAEMON_UNREACHABLE.
absl::Status UnreachableError(const std::string& socket_path, const absl::Status& cause);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_
