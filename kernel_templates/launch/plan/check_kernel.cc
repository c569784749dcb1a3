#include "kernel_templates/launch/plan/check_kernel.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/check_cubin.h"
#include "kernel_templates/launch/plan/check_plan.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr int kMaxParameters = 64;
constexpr std::size_t kMaxSummaryBytes = 1024;
constexpr std::size_t kMaxVersionBytes = 32;
constexpr std::size_t kAlgorithmBytes = 64;  // cublasLtMatmulAlgo_t
constexpr int64_t kMaxVendorWorkspaceBytes = int64_t{1} << 40;

absl::Status Malformed(std::string_view field, std::string_view what) {
  return InvalidField(field, "MALFORMED_KERNEL", what);
}

bool IsName(std::string_view text) { return text.size() <= kMaxNameBytes && IsIdentifier(text); }

}  // namespace

absl::Status CheckVariant(const v1::Variant& variant) {
  if (!IsName(variant.template_name())) {
    return Malformed("variant.template_name", "is not a template's name");
  }
  if (variant.summary().size() > kMaxSummaryBytes) {
    return Malformed("variant.summary", absl::StrCat("has more than ", kMaxSummaryBytes, " bytes"));
  }
  if (variant.config().parameters_size() > kMaxParameters) {
    return Malformed("variant.config.parameters",
                     absl::StrCat("there are more than ", kMaxParameters));
  }
  for (int i = 0; i < variant.config().parameters_size(); ++i) {
    if (!IsName(variant.config().parameters(i).name())) {
      return Malformed(absl::StrCat("variant.config.parameters[", i, "].name"),
                       "is not a parameter's name");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKernel(const v1::Kernel& kernel, std::string_view cubin) {
  RETURN_IF_ERROR(CheckVariant(kernel.variant()));
  if (kernel.nvrtc_version().size() > kMaxVersionBytes) {
    return Malformed("nvrtc_version", "is not a version");
  }
  RETURN_IF_ERROR(CheckPlan(kernel.launch_plan()));
  return CheckCubin(cubin, kernel.architecture(), kernel.launch_plan());
}

absl::Status CheckVendorKernel(const v1::VendorKernel& vendor) {
  if (vendor.algorithm().size() != kAlgorithmBytes) {
    return Malformed("vendor.algorithm", "must have 64 bytes");
  }
  if (vendor.workspace_bytes() < 0 || vendor.workspace_bytes() > kMaxVendorWorkspaceBytes) {
    return Malformed("vendor.workspace_bytes", "must be in [0, 2^40]");
  }
  return absl::OkStatus();
}

}  // namespace tilewright
