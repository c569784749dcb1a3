// Calls that stay open as long as the caller wants: watches, and batches, whose look-ups may wait
// for tunings. They share one limit.
#ifndef TILEWRIGHT_SERVER_NET_LONG_CALLS_H_
#define TILEWRIGHT_SERVER_NET_LONG_CALLS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "server/net/shared_limit.h"

namespace tilewright {

// A user may have 1024 connections by default, one for each rank of a job. This allows twelve calls
// for each connection and leaves a quarter to other users.
inline constexpr std::size_t kMaxLongCalls = 16384;
inline constexpr std::size_t kMaxLongCallsOfUser = ShareOfUser(kMaxLongCalls);

inline absl::Status TooManyCalls(const SharedLimit& long_calls) {
  return long_calls.Refusal("TOO_MANY_CALLS", "watches and batches");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_LONG_CALLS_H_
