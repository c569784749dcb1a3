#include "tilewright/kernel.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/fused_dropout_defaults.h"
#include "client/cpp/gemm_defaults.h"
#include "client/cpp/loaded_module.h"
#include "kernel_templates/launch/check_kernel.h"
#include "kernel_templates/launch/launch_checks.h"
#include "kernel_templates/launch/workspace_layout.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A cubin is native code in the caller's process: it is what the service promised or nothing.
absl::Status CheckContent(const v1::Kernel& kernel) {
  const std::string actual = Sha256(kernel.cubin());
  if (actual == kernel.content_hash()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "CONTENT_HASH_MISMATCH",
                   absl::StrCat("the kernel's bytes hash to ", ToHex(actual),
                                ", its content hash is ", ToHex(kernel.content_hash())));
}

// What the service sends decides what is indexed, allocated and launched in the caller's process:
// all of it is checked before any of it is kept.
absl::Status CheckAnswer(const v1::GetKernelResponse& response) {
  absl::Status status;
  if (response.has_kernel()) {
    RETURN_IF_ERROR(CheckContent(response.kernel()));
    status = CheckKernel(response.kernel(), response.kernel().cubin());
  } else if (response.has_vendor()) {
    status = CheckVendorKernel(response.vendor());
  } else {
    return MakeError(absl::StatusCode::kInternal, "EMPTY_RESPONSE",
                     "the service answered with neither a kernel nor a vendor algorithm");
  }
  if (status.ok()) return status;
  return MakeError(absl::StatusCode::kDataLoss, "KERNEL_INVALID",
                   absl::StrCat("the service sent a kernel that cannot be right (",
                                status.message(), "); nothing of it was loaded: check tilewrightd"),
                   MetadataOf(status));
}

static_assert(kNoLaunchOffset == kNoOffset);
static_assert(kNoOffset == UINT64_MAX);

GemmOperands ToOperands(const GemmArguments& arguments) {
  GemmOperands operands;
  operands.a = arguments.a;
  operands.b = arguments.b;
  operands.c = arguments.c;
  operands.d = arguments.d;
  operands.bias = arguments.bias;
  operands.aux = arguments.aux;
  operands.mask = arguments.mask;
  operands.mask_bytes = arguments.mask_bytes;
  operands.bias_gradient = arguments.bias_gradient;
  operands.amax = arguments.amax;
  operands.non_finite = arguments.non_finite;
  operands.scale_a = arguments.scale_a;
  operands.scale_b = arguments.scale_b;
  operands.scale_d = arguments.scale_d;
  operands.scale_a_elements = arguments.scale_a_elements;
  operands.scale_b_elements = arguments.scale_b_elements;
  operands.workspace = arguments.workspace;
  operands.workspace_bytes = arguments.workspace_bytes;
  operands.alpha = arguments.alpha;
  operands.beta = arguments.beta;
  operands.device_alpha = arguments.device_alpha;
  operands.device_beta = arguments.device_beta;
  operands.seed = arguments.seed;
  operands.offset = arguments.offset;
  return operands;
}

FusedDropoutOperands ToOperands(const FusedDropoutArguments& arguments) {
  FusedDropoutOperands operands;
  operands.x = arguments.x;
  operands.bias = arguments.bias;
  operands.residual = arguments.residual;
  operands.weight = arguments.weight;
  operands.shift = arguments.shift;
  operands.y = arguments.y;
  operands.dy = arguments.dy;
  operands.pre_norm_gradient = arguments.pre_norm_gradient;
  operands.dx = arguments.dx;
  operands.residual_gradient = arguments.residual_gradient;
  operands.pre_norm = arguments.pre_norm;
  operands.mask = arguments.mask;
  operands.mean = arguments.mean;
  operands.inverse_root = arguments.inverse_root;
  operands.bias_gradient = arguments.bias_gradient;
  operands.weight_gradient = arguments.weight_gradient;
  operands.shift_gradient = arguments.shift_gradient;
  operands.mask_bytes = arguments.mask_bytes;
  operands.workspace = arguments.workspace;
  operands.workspace_bytes = arguments.workspace_bytes;
  operands.epsilon = arguments.epsilon;
  operands.seed = arguments.seed;
  operands.offset = arguments.offset;
  return operands;
}

v1::Problem FilledIn(const v1::Problem& problem) {
  v1::Problem filled;
  if (problem.has_fused_dropout()) {
    *filled.mutable_fused_dropout() = WithDefaults(problem.fused_dropout());
  } else {
    *filled.mutable_gemm() = WithDefaults(problem.gemm());
  }
  return filled;
}

absl::Status OtherFamily(const char* what) { return InvalidField("problem", "OTHER_FAMILY", what); }

}  // namespace

absl::StatusOr<std::shared_ptr<const Kernel>> Kernel::FromResponse(
    const v1::Problem& problem, v1::GetKernelResponse response,
    std::shared_ptr<ModuleCache> modules, std::shared_ptr<VendorPool> vendors) {
  RETURN_IF_ERROR(CheckAnswer(response));
  const auto kept = std::make_shared<const v1::GetKernelResponse>(std::move(response));
  std::shared_ptr<LoadedModule> module;
  // The module reads the cubin where the answer has it: it is held once.
  if (kept->has_kernel()) module = modules->Get({kept, &kept->kernel()});
  return std::shared_ptr<const Kernel>(
      new Kernel(FilledIn(problem), kept, std::move(module), std::move(vendors)));
}

Kernel::Kernel(v1::Problem problem, std::shared_ptr<const v1::GetKernelResponse> response,
               std::shared_ptr<LoadedModule> module, std::shared_ptr<VendorPool> vendors)
    : problem_(std::move(problem)),
      response_(std::move(response)),
      module_(std::move(module)),
      vendors_(std::move(vendors)) {}

Kernel::~Kernel() = default;

bool Kernel::provisional() const {
  const bool tuned_here =
      provenance() == v1::PROVENANCE_MEASURED || provenance() == v1::PROVENANCE_VENDOR;
  return match() != v1::MATCH_EXACT || !tuned_here;
}

int64_t Kernel::WorkspaceBytes() const {
  if (is_vendor()) return vendor().workspace_bytes();
  if (!problem_.has_fused_dropout()) return WorkspaceBytesFor(launch_plan(), problem());
  return WorkspaceBytesFor(launch_plan(), ShapeOf(fused_dropout()));
}

absl::StatusOr<int64_t> Kernel::WorkspaceBytes(const v1::GemmProblem& problem) const {
  ASSIGN_OR_RETURN(const v1::GemmProblem canonical, OtherShape(problem));
  RETURN_IF_ERROR(CheckShape(launch_plan(), canonical));
  return WorkspaceBytesFor(launch_plan(), canonical);
}

absl::StatusOr<int64_t> Kernel::WorkspaceBytes(const v1::FusedDropoutProblem& problem) const {
  ASSIGN_OR_RETURN(const v1::FusedDropoutProblem canonical, OtherShape(problem));
  RETURN_IF_ERROR(CheckFusedDropoutShape(launch_plan(), canonical));
  return WorkspaceBytesFor(launch_plan(), ShapeOf(canonical));
}

absl::StatusOr<v1::GemmProblem> Kernel::OtherShape(const v1::GemmProblem& problem) const {
  if (!problem_.has_gemm()) return OtherFamily("the kernel is not one of a GEMM");
  if (is_vendor()) {
    return InvalidField("problem", "SHAPE_NOT_SERVED",
                        "a cublasLt algorithm serves the shape it was picked for only: get a "
                        "kernel for this one");
  }
  v1::GemmProblem canonical = WithDefaults(problem);
  if (!MayServe(problem_.gemm(), canonical)) {
    return OtherFamily(
        "types, layouts, epilogue and numerics must be those of the kernel, and so must the "
        "matrices that all batches share and what of m, n and k is within 2^16 of 2^31; get a "
        "kernel for this problem");
  }
  return canonical;
}

absl::StatusOr<v1::FusedDropoutProblem> Kernel::OtherShape(
    const v1::FusedDropoutProblem& problem) const {
  if (!problem_.has_fused_dropout()) return OtherFamily("the kernel is one of a GEMM");
  v1::FusedDropoutProblem canonical = WithDefaults(problem);
  if (!SameFamily(canonical, fused_dropout())) {
    return OtherFamily("types, operation and what is stored must be those of the kernel");
  }
  return canonical;
}

absl::Status Kernel::Launch(const GemmArguments& arguments, CUstream_st* stream) const {
  if (!problem_.has_gemm()) return OtherFamily("the kernel is not one of a GEMM");
  return LaunchCanonical(problem(), arguments, stream);
}

absl::Status Kernel::Launch(const v1::GemmProblem& problem, const GemmArguments& arguments,
                            CUstream_st* stream) const {
  ASSIGN_OR_RETURN(const v1::GemmProblem canonical, OtherShape(problem));
  return LaunchCanonical(canonical, arguments, stream);
}

absl::Status Kernel::LaunchCanonical(const v1::GemmProblem& problem, const GemmArguments& arguments,
                                     CUstream_st* stream) const {
  const GemmOperands operands = ToOperands(arguments);
  if (is_vendor()) return vendors_->Launch(problem, vendor(), operands, stream);
  ASSIGN_OR_RETURN(const KernelLauncher* launcher, module_->ForCurrentContext());
  return launcher->Launch(problem, operands, stream);
}

absl::Status Kernel::Launch(const FusedDropoutArguments& arguments, CUstream_st* stream) const {
  return Launch(fused_dropout(), arguments, stream);
}

absl::Status Kernel::Launch(const v1::FusedDropoutProblem& problem,
                            const FusedDropoutArguments& arguments, CUstream_st* stream) const {
  ASSIGN_OR_RETURN(const v1::FusedDropoutProblem canonical, OtherShape(problem));
  ASSIGN_OR_RETURN(const FusedDropoutLauncher* launcher, module_->FusedForCurrentContext());
  return launcher->Launch(canonical, ToOperands(arguments), stream);
}

}  // namespace tilewright
