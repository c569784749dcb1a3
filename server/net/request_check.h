#ifndef TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_
#define TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

// Refuses what this version would silently drop: INVALID_ARGUMENT, reason UNKNOWN_FIELD or
// UNKNOWN_ENUM_VALUE, with the path. Every RPC and every streamed message calls it first. Skips a
// v1::Problem: Canonicalize checks that and returns UNIMPLEMENTED for an unknown field.
absl::Status CheckKnown(const google::protobuf::Message& request);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_
