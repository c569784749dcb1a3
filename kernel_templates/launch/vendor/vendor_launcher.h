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

// Launches cublasLt, which is opened at run time and optional. Runs in the current CUDA context.
// Not thread-safe.
class VendorLauncher {
 public:
  // NOT_FOUND, reason CUBLASLT_NOT_FOUND, with the places that were searched (override variable
  // TILEWRIGHT_CUBLASLT).
  static absl::StatusOr<std::unique_ptr<VendorLauncher>> Create(const DriverApi& driver);
  ~VendorLauncher();

  static v1::LibraryStatus Library();
  // Returns cublasLtGetVersion of the library that Create uses; 0 if there is none. The first call
  // opens it, which may take a tenth of a second.
  static int64_t LibraryVersion();

  // Returns whether cublasLt computes the whole of `problem`: a plain GEMM (no activation, bias,
  // aux, residual, ...) with types and scales that it has, in `precision`. UNSPECIFIED: the
  // precision of the types. Vectors and blocks of scales need cublasLt 12.9. REQUIRES: a canonical
  // problem, here and below.
  static bool Supports(const v1::GemmProblem& problem,
                       v1::Precision precision = v1::PRECISION_UNSPECIFIED);

  // Returns every heuristic result (up to `limit`) for `precision`, in the library's order. The
  // results state the precision unless it is UNSPECIFIED.
  absl::StatusOr<std::vector<v1::VendorKernel>> Algorithms(
      const v1::GemmProblem& problem, int64_t workspace_limit, int limit,
      v1::Precision precision = v1::PRECISION_UNSPECIFIED);

  // Launches `kernel`. First checks the algorithm against the problem.
  absl::Status Launch(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                      const GemmArguments& operands, CUstream stream);

  // Splits the same work in two for repeated launches, as KernelLauncher does. FAILED_PRECONDITION,
  // reason LIBRARY_VERSION_MISMATCH: only the library version that made an algorithm can read it.
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
