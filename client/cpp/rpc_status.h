#ifndef TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_
#define TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace tilewright {

// Returns the final status of a call, with the ErrorInfo of its trailers, changed by WithReason.
absl::Status FromGrpcStatus(const grpc::Status& status);

// Returns `status`, or UNAVAILABLE, reason CALL_CUT_OFF, if the daemon cut the call off and this
// client did not cancel it. gRPC ends such calls as CANCELLED without a reason: calls that are open
// at the end of a stop, and streams whose client reads nothing for too long.
absl::Status WithReason(const absl::Status& status);

// Returns whether the call failed on the way and not in the service. The service's own UNAVAILABLE
// has an ErrorInfo; the transport's has none.
bool IsTransportFailure(const absl::Status& status);

// Returns whether the call's deadline came before any answer. The service's own errors about a
// deadline have an ErrorInfo.
bool IsUnanswered(const absl::Status& status);

// Returns `status`, or UNIMPLEMENTED, reason OTHER_VERSION, if the daemon does not know the call
// because it has another version.
absl::Status WithOtherVersion(const absl::Status& status, const std::string& socket_path);

// Returns how long the service asked to wait before the call is sent again. Nothing if it did not
// ask, or if waiting cannot help.
std::optional<std::chrono::milliseconds> RetryDelayOf(const absl::Status& status);

// Returns the error that reports a transport failure: UNAVAILABLE, reason DAEMON_UNREACHABLE.
absl::Status UnreachableError(const std::string& socket_path, const absl::Status& cause);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_RPC_STATUS_H_
