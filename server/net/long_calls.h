// Calls that stay open for as long as their caller likes: watches, and batches, whose look-ups may
// wait for tunings. All of them share one limit.
#ifndef TILEWRIGHT_SERVER_NET_LONG_CALLS_H_
#define TILEWRIGHT_SERVER_NET_LONG_CALLS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "server/net/shared_limit.h"

namespace tilewright {

// A user has 1024 connections unless its operator permits more, one for each rank of a job: twelve
// calls for each, and a quarter of all is left for others.
inline constexpr std::size_t kMaxLongCalls = 16384;
inline constexpr std::size_t kMaxLongCallsOfUser = ShareOfUser(kMaxLongCalls);

inline absl::Status TooManyCalls(const SharedLimit& long_calls) {
  return long_calls.Refusal("TOO_MANY_CALLS", "watches and batches");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_LONG_CALLS_H_
