#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_

#include <cuda.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A kernel loaded into the current CUDA context, ready to launch. Thread-safe once made;
// must be destroyed before the context. What is measured is what users launch: the bench
// worker and the client share this class.
class GemmLauncher {
 public:
  // Loads `kernel.cubin()` (cuLibraryLoadData) and resolves every step's entry.
  // FAILED_PRECONDITION: arguments version or architecture do not fit. INVALID_ARGUMENT: the
  // plan is malformed.
  static absl::StatusOr<std::unique_ptr<GemmLauncher>> Create(const DriverApi& driver,
                                                              const v1::Kernel& kernel);
  ~GemmLauncher();

  // Bytes of workspace that `problem` needs. REQUIRES: a canonical problem, here and below.
  int64_t WorkspaceBytes(const v1::GemmProblem& problem) const;

  // Checks the operands against the requirements (INVALID_ARGUMENT naming the operand),
  // packs the arguments and launches every step on `stream`. The shape of `problem` may differ from
  // the one tuned for if the requirements hold.
  absl::Status Launch(const v1::GemmProblem& problem, const GemmArguments& operands,
                      CUstream stream) const;

  // The same work split in two for repeated launches: validate and pack once, then launch
  // with no checks and no allocation.
  struct PreparedLaunch;
  absl::StatusOr<std::shared_ptr<const PreparedLaunch>> Prepare(
      const v1::GemmProblem& problem, const GemmArguments& operands) const;
  absl::Status Launch(const PreparedLaunch& prepared, CUstream stream) const;

 private:
  struct Impl;
  explicit GemmLauncher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_LAUNCHER_H_
