#include "proto/support/errors.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"

namespace tilewright {
namespace {

constexpr char kDomain[] = "tilewright";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

// The bytes that the sequence at the beginning of `text` has; 0 where it is no UTF-8.
size_t Utf8Length(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than needed, a surrogate, or beyond Unicode.
  if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
      (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return length;
}

// `text` with "\\xff" for each byte that is no UTF-8. A message with a single such byte, as a path
// may have, can be serialized and not read again: its reason would be lost with it.
std::string Utf8Of(std::string_view text) {
  std::string valid;
  for (size_t i = 0; i < text.size();) {
    if (const size_t length = Utf8Length(text.substr(i)); length > 0) {
      valid += text.substr(i, length);
      i += length;
    } else {
      absl::StrAppend(&valid, "\\x", absl::Hex(static_cast<uint8_t>(text[i++]), absl::kZeroPad2));
    }
  }
  return valid;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[key] = Utf8Of(value);
  }
  absl::Status status(code, ToAbsl(message));
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
  (*info.mutable_metadata())[std::string(key)] = Utf8Of(value);
  absl::Status extended = status;
  extended.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return extended;
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
  details.set_message(std::string(status.message()));
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
