#include "proto/support/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "proto/support/text.h"

namespace tilewright {
namespace {

constexpr char kDomain[] = "tilewright";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[key] = ToUtf8(value);
  }
  // Message and info travel as protobuf strings.
  absl::Status status(code, ToUtf8(message));
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view reason, std::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason,
                   absl::StrCat(ToAbsl(field), ": ", ToAbsl(what)),
                   {{"field", std::string(field)}});
}

absl::Status Unimplemented(std::string_view field, std::string_view what) {
  return MakeError(absl::StatusCode::kUnimplemented, "NOT_IMPLEMENTED",
                   absl::StrCat(ToAbsl(field), ": ", ToAbsl(what)),
                   {{"field", std::string(field)}});
}

absl::Status WithMetadata(const absl::Status& status, std::string_view key,
                          std::string_view value) {
  google::rpc::ErrorInfo info = ErrorInfoOf(status).value_or(google::rpc::ErrorInfo());
  (*info.mutable_metadata())[std::string(key)] = ToUtf8(value);
  absl::Status extended = status;
  extended.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return extended;
}

absl::Status WithMessage(const absl::Status& status, std::string_view message) {
  absl::Status changed(status.code(), ToUtf8(message));
  status.ForEachPayload([&changed](absl::string_view url, const absl::Cord& payload) {
    changed.SetPayload(url, payload);
  });
  return changed;
}

ErrorMetadata MetadataOf(const absl::Status& status) {
  ErrorMetadata metadata;
  if (const auto info = ErrorInfoOf(status)) {
    metadata.assign(info->metadata().begin(), info->metadata().end());
  }
  return metadata;
}

std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return info;
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  return info ? info->reason() : absl::StatusCodeToString(status.code());
}

std::string ToStatusDetails(const absl::Status& status) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(ToUtf8(std::string_view(status.message().data(), status.message().size())));
  if (const auto info = ErrorInfoOf(status)) {
    details.add_details()->PackFrom(*info);
  }
  return details.SerializeAsString();
}

absl::Status FromStatusDetails(absl::StatusCode code, std::string_view message,
                               std::string_view details) {
  absl::Status status(code, ToAbsl(message));
  google::rpc::Status parsed;
  if (status.ok() || !parsed.ParseFromString(std::string(details))) return status;
  for (const auto& any : parsed.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) {
      status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
    }
  }
  return status;
}

}  // namespace tilewright
