// A kernel that the service handed out: what it is, how good an answer it is, its native code, its
// launch plan, and the launch itself.
#ifndef TILEWRIGHT_KERNEL_H_
#define TILEWRIGHT_KERNEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tilewright/v1/problem.pb.h"

// The CUDA driver's stream handle, CUstream, which cudaStream_t is as well.
struct CUstream_st;

namespace tilewright {

class ModuleCache;
class VendorPool;
class LoadedModule;

// Immutable and thread-safe. Client hands it out as shared_ptr<const Kernel>. Its users and the
// client's cache keep it alive. The native code is loaded on the first launch in each CUDA context.
// Destroy kernels before the contexts that they ran in.
class Kernel {
 public:
  // Checks a response and makes a kernel from it. The hash of the cubin must be its content hash.
  // The launch plan and the native code must be possible. DATA_LOSS, reason CONTENT_HASH_MISMATCH:
  // the bytes are not what the service promised. DATA_LOSS, reason KERNEL_INVALID: the plan or the
  // code cannot be right. metadata["field"] names the field. INTERNAL, reason EMPTY_RESPONSE: there
  // is neither a kernel nor a vendor algorithm. If the service would refuse `problem`, the error is
  // the service's.
  static absl::StatusOr<std::shared_ptr<const Kernel>> FromResponse(
      const v1::Problem& problem, v1::GetKernelResponse response,
      std::shared_ptr<ModuleCache> modules, std::shared_ptr<VendorPool> vendors);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // The problem that you asked about, with every default filled in. If it is of another kind, the
  // message is empty.
  const v1::GemmProblem& problem() const { return problem_.gemm(); }
  const v1::FusedDropoutProblem& fused_dropout() const { return problem_.fused_dropout(); }
  const v1::Problem& any_problem() const { return problem_; }
  // The whole answer of the service.
  const v1::GetKernelResponse& response() const { return *response_; }

  v1::Match match() const { return response_->match(); }
  v1::Provenance provenance() const { return response_->provenance(); }
  int64_t epoch() const { return response_->epoch(); }
  // Whether a better kernel may follow, because the answer is not one that was tuned here for this
  // very problem. An import is provisional: the service measures it again.
  bool provisional() const;

  // Whether this is a cublasLt algorithm. It runs through the caller's own cublasLt, and it has no
  // cubin and no plan.
  bool is_vendor() const { return response_->has_vendor(); }
  // The native code for one architecture, and its SHA-256 (32 bytes). Empty for cublasLt.
  const std::string& cubin() const { return response_->kernel().cubin(); }
  const std::string& content_hash() const { return response_->kernel().content_hash(); }
  const std::string& architecture() const { return response_->kernel().architecture(); }
  const v1::LaunchPlan& launch_plan() const { return response_->kernel().launch_plan(); }
  const v1::VendorKernel& vendor() const { return response_->vendor(); }

  // Bytes of device memory that a launch needs beside its operands. 0: none.
  int64_t WorkspaceBytes() const;
  // The same for a launch of another shape. Errors are those of that launch.
  absl::StatusOr<int64_t> WorkspaceBytes(const v1::GemmProblem& problem) const;
  absl::StatusOr<int64_t> WorkspaceBytes(const v1::FusedDropoutProblem& problem) const;

  // Launches on `stream` in the current CUDA context. Null means the default stream. Asynchronous.
  // UNAVAILABLE, NO_CUDA_DRIVER: there is no driver or no GPU.
  // FAILED_PRECONDITION, NO_CUDA_CONTEXT: no context is current.
  // FAILED_PRECONDITION: the kernel is for another architecture than this GPU's.
  // INVALID_ARGUMENT: an operand is missing or misaligned, a scale tensor has the wrong size, or
  // the workspace is too small.
  absl::Status Launch(const GemmArguments& arguments, CUstream_st* stream) const;

  // Launches another shape. Kernels take shape and strides at run time. Types, layouts and epilogue
  // must be those of the kernel's problem. The problem is checked as the service checks it, with
  // the same errors. INVALID_ARGUMENT: the kernel's requirements do not hold for it, or the kernel
  // is a vendor algorithm, which serves one shape only.
  absl::Status Launch(const v1::GemmProblem& problem, const GemmArguments& arguments,
                      CUstream_st* stream) const;

  // The same for a fused dropout. The probability may differ, too. INVALID_ARGUMENT, reason
  // OTHER_FAMILY: the kernel is for a problem of another kind.
  absl::Status Launch(const FusedDropoutArguments& arguments, CUstream_st* stream) const;
  absl::Status Launch(const v1::FusedDropoutProblem& problem,
                      const FusedDropoutArguments& arguments, CUstream_st* stream) const;

 private:
  Kernel(v1::Problem problem, std::shared_ptr<const v1::GetKernelResponse> response,
         std::shared_ptr<LoadedModule> module, std::shared_ptr<VendorPool> vendors);

  // `problem` in its canonical form, or its errors in the service's words. INVALID_ARGUMENT, reason
  // OTHER_FAMILY: this kernel was not made for it.
  absl::StatusOr<v1::Problem> OtherShape(v1::Problem problem) const;
  absl::Status CheckFamily(v1::Problem::KindCase kind) const;

  absl::Status LaunchCanonical(const v1::GemmProblem& problem, const GemmArguments& arguments,
                               CUstream_st* stream) const;
  absl::Status LaunchCanonical(const v1::FusedDropoutProblem& problem,
                               const FusedDropoutArguments& arguments, CUstream_st* stream) const;

  const v1::Problem problem_;
  const std::string shapeless_;  // What kernels for other shapes have in common with it.
  const std::shared_ptr<const v1::GetKernelResponse> response_;
  const std::shared_ptr<LoadedModule> module_;
  const std::shared_ptr<VendorPool> vendors_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_H_
