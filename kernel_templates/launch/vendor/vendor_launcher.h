#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_LAUNCHER_H_

#include <cuda.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// cublasLt, opened at run time; optional. Runs in the current CUDA context.
// Not thread-safe.
class VendorLauncher {
 public:
  // NOT_FOUND, reason CUBLASLT_NOT_FOUND, with the places searched (override variable
  // TILEWRIGHT_CUBLASLT).
  static absl::StatusOr<std::unique_ptr<VendorLauncher>> Create(const DriverApi& driver);
  ~VendorLauncher();

  static v1::LibraryStatus Library();
  // cublasLtGetVersion of the library that Create takes; 0 where there is none. Opens it on the
  // first call, which may take a tenth of a second.
  static int64_t LibraryVersion();

  // Whether cublasLt computes `problem` as it stands: a plain GEMM (no activation, bias, aux,
  // residual, ...) of types and scales it has, in `precision`. UNSPECIFIED: the one that the types
  // say. Vectors and blocks of scales take cublasLt 12.9. REQUIRES: a canonical problem, here and
  // below.
  static bool Supports(const v1::GemmProblem& problem,
                       v1::Precision precision = v1::PRECISION_UNSPECIFIED);

  // Every heuristic result (up to `limit`), in the library's order, for that precision, which
  // the results state where it is not UNSPECIFIED.
  absl::StatusOr<std::vector<v1::VendorKernel>> Algorithms(
      const v1::GemmProblem& problem, int64_t workspace_limit, int limit,
      v1::Precision precision = v1::PRECISION_UNSPECIFIED);

  // Launches one. Validates the algorithm against the problem before it runs.
  absl::Status Launch(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                      const GemmArguments& operands, CUstream stream);

  // The same work split in two for repeated launches, as GemmLauncher has it.
  // FAILED_PRECONDITION, reason LIBRARY_VERSION_MISMATCH: an algorithm is opaque to every
  // version of the library but its own.
  struct PreparedLaunch;
  absl::StatusOr<std::shared_ptr<const PreparedLaunch>> Prepare(const v1::GemmProblem& problem,
                                                                const v1::VendorKernel& kernel,
                                                                const GemmArguments& operands);
  absl::Status Launch(const PreparedLaunch& prepared, CUstream stream);

 private:
  struct Impl;
  explicit VendorLauncher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_LAUNCHER_H_
