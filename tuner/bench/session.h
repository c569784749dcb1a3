#ifndef TILEWRIGHT_TUNER_BENCH_SESSION_H_
#define TILEWRIGHT_TUNER_BENCH_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/bench/bench_worker.pb.h"

namespace tilewright {

// One problem on one GPU: the context, its inputs, outputs and the candidates loaded. Lives in
// a bench worker, which has one and no threads. After an error that ruins the context
// (ContextLost) nothing of it can be used again.
class Session {
 public:
  // Of the kind that the problem is of.
  static absl::StatusOr<std::unique_ptr<Session>> Open(const bench::OpenRequest& request);

  virtual ~Session() = default;

  // Once, before any input is made. `cubins`: of ReferenceUnits.
  virtual absl::Status LoadReference(const std::vector<std::string>& cubins) = 0;

  virtual absl::Status SetInput(bench::InputKind kind) = 0;

  // Empty without cublasLt, or where it does not compute the problem.
  virtual absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(int64_t workspace_limit,
                                                                int limit) = 0;

  virtual absl::Status Load(const bench::LoadRequest& request) = 0;

  struct CheckResult {
    std::optional<v1::Failure> failure;
    double seconds = 0;  // Of the first launch.
    double relative_error = 0;
  };
  virtual absl::StatusOr<CheckResult> Check(int candidate, bool repeat) = 0;

  // Seconds a launch of one sample of `launches`, after an L2 flush.
  virtual absl::StatusOr<double> TimeSample(int candidate, int launches) = 0;

  // Whether the context is ruined.
  virtual bool ContextLost() const = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_SESSION_H_
