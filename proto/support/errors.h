// Errors with a machine-readable reason, as google.rpc.ErrorInfo {reason, domain,
// metadata}. The info travels as a payload of absl::Status inside a process and
// in the gRPC status details between processes.
#ifndef TILEWRIGHT_PROTO_SUPPORT_ERRORS_H_
#define TILEWRIGHT_PROTO_SUPPORT_ERRORS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"

namespace tilewright {

using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// A status of `code` with ErrorInfo {reason, "tilewright", metadata}. `reason` is
// UPPER_SNAKE_CASE, at most 63 characters.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata = {});

// INVALID_ARGUMENT that blames a request field: message "<field>: <what>",
// metadata["field"] = field. `field` is a path such as "gemm.epilogue.bias_type".
absl::Status InvalidField(std::string_view field, std::string_view reason, std::string_view what);

// UNIMPLEMENTED, reason NOT_IMPLEMENTED: a well-formed request that this version
// does not serve. metadata["field"] = field.
absl::Status Unimplemented(std::string_view field, std::string_view what);

// `status`, which carries an info, with one more entry in its metadata.
absl::Status WithMetadata(const absl::Status& status, std::string_view key, std::string_view value);

// `status` with another message; its code, info and other details stay.
absl::Status WithMessage(const absl::Status& status, std::string_view message);

// The metadata of the info that `status` carries; empty where it carries none.
ErrorMetadata MetadataOf(const absl::Status& status);

// The info that `status` carries, if any.
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status);

// The reason that `status` carries, or its code's name ("NOT_FOUND").
std::string ReasonOf(const absl::Status& status);

// Serialized google.rpc.Status with the ErrorInfo as its one detail: the value of
// the "grpc-status-details-bin" trailer.
std::string ToStatusDetails(const absl::Status& status);

// The reverse: a status of `code` and `message` with the info in `details`, if any.
absl::Status FromStatusDetails(absl::StatusCode code, std::string_view message,
                               std::string_view details);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_ERRORS_H_
