#include "tuner/bench/session.h"

#include "tuner/bench/bench_session.h"
#include "tuner/bench/fused_dropout_session.h"

namespace tilewright {

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const bench::OpenRequest& request) {
  if (request.has_fused_dropout()) return FusedDropoutSession::Open(request);
  return BenchSession::Open(request);
}

}  // namespace tilewright
