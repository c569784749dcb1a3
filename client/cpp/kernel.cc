#include "tilewright/kernel.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/loaded_module.h"
#include "kernel_templates/launch/plan/check_kernel.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/family.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// A cubin is native code in the caller's process, so it must be exactly what the service promised.
absl::Status CheckContent(const v1::Kernel& kernel) {
  const std::string actual = Sha256(kernel.cubin());
  if (actual == kernel.content_hash()) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDataLoss, "CONTENT_HASH_MISMATCH",
      absl::StrCat("the service sent a damaged kernel: its bytes hash to ", ToHex(actual),
                   ", but its content hash is ", ToHex(kernel.content_hash())));
}

// The answer decides what is indexed, allocated and launched in the caller's process. So all of it
// is checked before any of it is kept.
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
                                status.message(), "): nothing was loaded; check tilewrightd"),
                   MetadataOf(status));
}

absl::Status OtherFamily(std::string_view what) {
  return InvalidField("problem", "OTHER_FAMILY", what);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Kernel>> Kernel::FromResponse(
    const v1::Problem& problem, v1::GetKernelResponse response,
    std::shared_ptr<ModuleCache> modules, std::shared_ptr<VendorPool> vendors) {
  RETURN_IF_ERROR(CheckAnswer(response));
  // The service refuses the same problems, unless it has another version.
  absl::StatusOr<v1::Problem> canonical = Canonicalize(problem);
  if (!canonical.ok()) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "OTHER_VERSION",
        absl::StrCat("the daemon serves this problem, but this client library cannot "
                     "check it (",
                     canonical.status().message(), "): use the library of the daemon's version"),
        MetadataOf(canonical.status()));
  }
  if (response.has_vendor() && !canonical->has_gemm()) {
    return MakeError(
        absl::StatusCode::kDataLoss, "KERNEL_INVALID",
        "the service sent a cublasLt algorithm for a problem that is no GEMM; check tilewrightd");
  }
  const auto kept = std::make_shared<const v1::GetKernelResponse>(std::move(response));
  std::shared_ptr<LoadedModule> module;
  // The module reads the cubin inside the answer, so the cubin is held only once.
  if (kept->has_kernel()) module = modules->Get(canonical->kind_case(), {kept, &kept->kernel()});
  return std::shared_ptr<const Kernel>(
      new Kernel(*std::move(canonical), kept, std::move(module), std::move(vendors)));
}

Kernel::Kernel(v1::Problem problem, std::shared_ptr<const v1::GetKernelResponse> response,
               std::shared_ptr<LoadedModule> module, std::shared_ptr<VendorPool> vendors)
    : problem_(std::move(problem)),
      shapeless_(EncodeShapeless(problem_)),
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
  return WorkspaceBytesFor(launch_plan(), FamilyOf(problem_).ShapeOf(problem_));
}

absl::StatusOr<v1::Problem> Kernel::OtherShape(v1::Problem problem) const {
  RETURN_IF_ERROR(CheckFamily(problem.kind_case()));
  if (is_vendor()) {
    return InvalidField("problem", "SHAPE_NOT_SERVED",
                        "a cublasLt algorithm serves only the shape that it was chosen for: get a "
                        "kernel for this shape");
  }
  ASSIGN_OR_RETURN(v1::Problem canonical, Canonicalize(std::move(problem)));
  if (EncodeShapeless(canonical) == shapeless_) return canonical;
  if (FamilyOf(problem_).MayServe(problem_, canonical)) return canonical;
  return OtherFamily(
      "types, layouts, epilogue or operation, and numerics must be those of the kernel's problem, "
      "and so must be which matrices all batches share and which of its sizes are within 2^16 of "
      "2^31; get a kernel for this problem");
}

absl::Status Kernel::CheckFamily(v1::Problem::KindCase kind) const {
  if (kind == problem_.kind_case()) return absl::OkStatus();
  return OtherFamily(absl::StrCat("the kernel is for another kind of problem (",
                                  std::string(FamilyOf(problem_).name()),
                                  "); get a kernel for this one"));
}

}  // namespace tilewright
