#include "client/cpp/rpc_status.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return WithReason(FromStatusDetails(static_cast<absl::StatusCode>(status.error_code()),
                                      status.error_message(), status.error_details()));
}

absl::Status WithReason(const absl::Status& status) {
  if (!absl::IsCancelled(status) || ErrorInfoOf(status).has_value()) return status;
  return MakeError(absl::StatusCode::kUnavailable, "CALL_CUT_OFF",
                   "tilewrightd ended the call without an answer: it is stopping, or this client "
                   "did not read for too long");
}

bool IsTransportFailure(const absl::Status& status) {
  return absl::IsUnavailable(status) && !ErrorInfoOf(status).has_value();
}

bool IsUnanswered(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) && !ErrorInfoOf(status).has_value();
}

absl::Status WithOtherVersion(const absl::Status& status, const std::string& socket_path) {
  if (!absl::IsUnimplemented(status) || ErrorInfoOf(status).has_value()) return status;
  return MakeError(absl::StatusCode::kUnimplemented, "OTHER_VERSION",
                   absl::StrCat("tilewrightd at ", socket_path,
                                " has another version, which does not know this call: end it, and "
                                "start the version of this client"),
                   {{"socket", socket_path}});
}

std::optional<std::chrono::milliseconds> RetryDelayOf(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status)) return std::nullopt;
  const auto info = ErrorInfoOf(status);
  if (!info.has_value()) return std::nullopt;
  const auto found = info->metadata().find("retry_delay_ms");
  int64_t delay = 0;
  if (found == info->metadata().end() || !absl::SimpleAtoi(found->second, &delay) || delay < 0) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(delay);
}

absl::Status UnreachableError(const std::string& socket_path, const absl::Status& cause) {
  return MakeError(absl::StatusCode::kUnavailable, "DAEMON_UNREACHABLE",
                   absl::StrCat("no tilewrightd answers at ", socket_path,
                                cause.message().empty() ? "" : ": ", cause.message()),
                   {{"socket", socket_path}});
}

}  // namespace tilewright
