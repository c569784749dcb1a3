#ifndef TILEWRIGHT_SERVER_CALL_DEADLINE_H_
#define TILEWRIGHT_SERVER_CALL_DEADLINE_H_

#include <chrono>

#include "absl/time/time.h"
#include "grpcpp/server_context.h"

namespace tilewright {

inline absl::Time DeadlineOf(const grpc::ServerContextBase& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                  : absl::FromChrono(deadline);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_CALL_DEADLINE_H_
