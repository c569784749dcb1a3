#include "server/net/grpc_status.h"

#include <string>

#include "proto/support/errors.h"
#include "proto/support/text.h"

namespace tilewright {
namespace {

// Trailers carry the message twice: percent-encoded, and in the details. A gRPC client accepts 8
// KiB of metadata by default.
constexpr std::size_t kMaxMessageBytes = 1500;

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Cuts between characters, never inside one.
std::string Shorten(absl::string_view message) {
  if (message.size() <= kMaxMessageBytes) return std::string(message);
  std::size_t end = kMaxMessageBytes;
  while (end > 0 && IsContinuation(message[end])) --end;
  return std::string(message.substr(0, end)) + "...";
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message =
      Shorten(ToUtf8(std::string_view(status.message().data(), status.message().size())));
  // gRPC also uses CANCELLED, without a reason, for calls that it cuts off. Ours has a reason.
  absl::Status shortened = absl::IsCancelled(status)
                               ? MakeError(status.code(), ReasonOf(status), message)
                               : absl::Status(status.code(), message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    shortened.SetPayload(url, payload);
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      ToStatusDetails(shortened));
}

}  // namespace tilewright
