#include "tuner/bench/session.h"

#include "proto/support/errors.h"
#include "tuner/bench/bench_session.h"
#include "tuner/bench/fused_dropout_session.h"

namespace tilewright {

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const bench::OpenRequest& request) {
  const v1::Problem& problem = request.problem();
  switch (problem.kind_case()) {
    case v1::Problem::kGemm:
      return BenchSession::Open(problem.gemm(), request.device_ordinal());
    case v1::Problem::kFusedDropout:
      return FusedDropoutSession::Open(problem.fused_dropout(), request.device_ordinal());
    case v1::Problem::KIND_NOT_SET:
      break;
  }
  return Unimplemented("problem", "a worker measures no such kind");
}

}  // namespace tilewright
