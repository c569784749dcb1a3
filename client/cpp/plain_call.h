#ifndef TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_
#define TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/dial.h"
#include "tilewright/connection.h"

namespace tilewright {

// Unary calls without the gRPC library, for a child after fork(). gRPC 1.51 does not work there:
// the child lacks the threads of its timers and executors, and shares its epoll set with the
// parent, which would be told of the child's sockets by the child's addresses. So the child speaks
// HTTP/2 by libnghttp2, which has no threads, with one connection for each call.

// Notes that this process uses gRPC from now on.
void NoteGrpcUse();

// Returns whether this process is a child of one that used gRPC.
bool GrpcIsInherited();

// Returns the reply's bytes. Takes ownership of `fd`, which Dial returned. UNAVAILABLE without a
// reason: the connection broke. DEADLINE_EXCEEDED without a reason: no reply came by `deadline`.
absl::StatusOr<std::string> PlainCall(int fd, const std::string& path, const std::string& request,
                                      SteadyTime deadline);

// Does the same for the method whose request has that type; no two methods share one. Dials once,
// with the errors of Dial. `options` are resolved.
absl::Status PlainCall(const ConnectOptions& options, const google::protobuf::Message& request,
                       SteadyTime deadline, google::protobuf::Message* response);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_
