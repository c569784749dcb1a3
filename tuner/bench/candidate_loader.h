#ifndef TILEWRIGHT_TUNER_BENCH_CANDIDATE_LOADER_H_
#define TILEWRIGHT_TUNER_BENCH_CANDIDATE_LOADER_H_

#include <cuda.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/plan/operand_table.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/reference.h"
#include "tuner/bench/rotation.h"

namespace tilewright {

// The memory that one launch reads and writes.
struct LaunchMemory {
  TensorPointers tensors;
  void* workspace = nullptr;
  int64_t workspace_bytes = 0;
};

// A checked and packed launch. Enqueues it, any number of times, without allocating.
using PreparedLaunch = std::function<absl::Status(CUstream)>;

// A kernel or a vendor's algorithm in the context of a bench worker.
struct LoadedCandidate {
  int64_t workspace_bytes = 0;
  Arithmetic arithmetic;
  std::function<absl::StatusOr<PreparedLaunch>(const LaunchMemory&)> prepare;
};

// Loads the candidates of one problem into the current context. Each family has one
// implementation. A bench session owns it and all that it loads. Not thread-safe.
class CandidateLoader {
 public:
  virtual ~CandidateLoader() = default;

  virtual absl::StatusOr<LoadedCandidate> Load(const DriverApi& driver,
                                               const bench::LoadRequest& request) = 0;

  // Empty if there is no vendor's library or it does not compute the problem.
  virtual absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(const DriverApi& driver,
                                                                int64_t workspace_limit,
                                                                int limit) = 0;
};

// For implementations: returns the operands of a family, with the scalars of its reference.
template <auto kLast, typename Operands, typename Args, typename FamilyReference>
Operands OperandsOf(const OperandTable<kLast, Operands, Args>& table, const LaunchMemory& memory,
                    const FamilyReference& reference) {
  using Tensor = decltype(kLast);
  Operands operands;
  reference.SetScalars(operands);
  for (const auto& [use, pointer] : memory.tensors) {
    table.Set(*use, pointer, operands);
    if (static_cast<Tensor>(use->tensor) == Tensor::kMask) {
      operands.mask_bytes = use->layout.SpanBytes();
    }
  }
  operands.workspace = memory.workspace;
  operands.workspace_bytes = memory.workspace_bytes;
  return operands;
}

// For implementations: returns the prepared launch, which keeps its launcher alive.
template <typename Launcher, typename Prepared>
absl::StatusOr<PreparedLaunch> ToPreparedLaunch(std::shared_ptr<Launcher> launcher,
                                                absl::StatusOr<Prepared> prepared) {
  if (!prepared.ok()) return prepared.status();
  return [launcher = std::move(launcher), launch = *std::move(prepared)](CUstream stream) {
    return launcher->Launch(*launch, stream);
  };
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_CANDIDATE_LOADER_H_
