#include "client/cpp/rpc_status.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return FromStatusDetails(static_cast<absl::StatusCode>(status.error_code()),
                           status.error_message(), status.error_details());
}

bool IsTransportFailure(const absl::Status& status) {
  return absl::IsUnavailable(status) && !ErrorInfoOf(status).has_value();
}

absl::Status UnreachableError(const std::string& socket_path, const absl::Status& cause) {
  return MakeError(absl::StatusCode::kUnavailable, "DAEMON_UNREACHABLE",
                   absl::StrCat("no tilewrightd answers at ", socket_path,
                                cause.message().empty() ? "" : ": ", cause.message()),
                   {{"socket", socket_path}});
}

}  // namespace tilewright
