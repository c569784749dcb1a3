// Errors with a machine-readable reason, as google.rpc.ErrorInfo {reason, domain, metadata}. Inside
// a process, the info is a payload of absl::Status. Between processes, it is in the gRPC status
// details.
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

// Makes a status of `code` with ErrorInfo {reason, "tilewright", metadata}. `reason` is
// UPPER_SNAKE_CASE, at most 63 characters.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata = {});

// Makes an INVALID_ARGUMENT about a request field: message "<field>: <what>", metadata["field"] =
// field. `field` is a path such as "gemm.epilogue.bias_type".
absl::Status InvalidField(std::string_view field, std::string_view reason, std::string_view what);

// Makes an UNIMPLEMENTED, reason NOT_IMPLEMENTED: this version does not serve a well-formed
// request. metadata["field"] = field.
absl::Status Unimplemented(std::string_view field, std::string_view what);

// Returns `status` with one more entry in its metadata. REQUIRES: it carries an info.
absl::Status WithMetadata(const absl::Status& status, std::string_view key, std::string_view value);

// Returns `status` with another message. Its code, info and other details stay.
absl::Status WithMessage(const absl::Status& status, std::string_view message);

// Returns the metadata of the info in `status`; empty if it carries none.
ErrorMetadata MetadataOf(const absl::Status& status);

// Returns the info in `status`, if any.
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status);

// Returns the reason in `status`, else the name of its code ("NOT_FOUND").
std::string ReasonOf(const absl::Status& status);

// Returns a serialized google.rpc.Status with the ErrorInfo as its only detail. This is the value
// of the "grpc-status-details-bin" trailer.
std::string ToStatusDetails(const absl::Status& status);

// Reverses ToStatusDetails: a status of `code` and `message` with the info in `details`, if any.
absl::Status FromStatusDetails(absl::StatusCode code, std::string_view message,
                               std::string_view details);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_ERRORS_H_
