#ifndef TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_
#define TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

// Refuses what this version would otherwise drop: INVALID_ARGUMENT, reason UNKNOWN_FIELD or
// UNKNOWN_ENUM_VALUE, with the path. The first step of every RPC, and of every message that a
// client streams. A v1::Problem is passed over: Canonicalize checks it, and answers UNIMPLEMENTED
// for a field that it does not know.
absl::Status CheckKnown(const google::protobuf::Message& request);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_REQUEST_CHECK_H_
