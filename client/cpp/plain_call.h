#ifndef TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_
#define TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/dial.h"
#include "tilewright/connection.h"

namespace tilewright {

// Unary calls without the gRPC library, for a child after fork(). gRPC 1.51 cannot be used there:
// its timers and executors are threads that the child does not have, and its epoll set is one
// object with the parent's, which would be told of the child's sockets by the child's addresses. So
// the child speaks HTTP/2 by libnghttp2, which has no threads, over one connection a call.

// Says that this process uses gRPC from now on.
void NoteGrpcUse();

// Whether this process is a child of one that used gRPC.
bool GrpcIsInherited();

// The reply's bytes. UNAVAILABLE without a reason: the connection broke. DEADLINE_EXCEEDED without
// one: no reply came by `deadline`. Takes `fd`, which Dial gave, over.
absl::StatusOr<std::string> PlainCall(int fd, const std::string& path, const std::string& request,
                                      SteadyTime deadline);

// The same of a method that is found by the type of its request, which no two methods share. Dials
// by itself, once; errors as Dial too. `options` are resolved.
absl::Status PlainCall(const ConnectOptions& options, const google::protobuf::Message& request,
                       SteadyTime deadline, google::protobuf::Message* response);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_PLAIN_CALL_H_
