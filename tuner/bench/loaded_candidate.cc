#include "tuner/bench/loaded_candidate.h"

#include <utility>

#include "proto/problem/precision.h"
#include "proto/support/status_macros.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// What its template says; of a kernel of no template, what the types do.
v1::Precision PrecisionOfKernel(const v1::GemmProblem& gemm, const v1::Variant& variant) {
  v1::Problem problem;
  *problem.mutable_gemm() = gemm;
  const v1::Precision precision = PrecisionOf(problem, variant);
  return precision == v1::PRECISION_UNSPECIFIED ? PrecisionOfTypes(gemm) : precision;
}

}  // namespace

absl::StatusOr<LoadedCandidate> LoadedCandidate::LoadKernel(const DriverApi& driver,
                                                            const v1::GemmProblem& problem,
                                                            const v1::Kernel& kernel) {
  LoadedCandidate candidate(PrecisionOfKernel(problem, kernel.variant()),
                            SplitsEpilogue(kernel.variant()));
  ASSIGN_OR_RETURN(candidate.kernel_, GemmLauncher::Create(driver, kernel));
  return candidate;
}

LoadedCandidate LoadedCandidate::OfVendor(VendorLauncher& launcher, const v1::GemmProblem& problem,
                                          const v1::VendorKernel& kernel) {
  LoadedCandidate candidate(PrecisionOf(problem, kernel), /*is_split=*/false);
  candidate.vendor_ = &launcher;
  candidate.algorithm_ = kernel;
  return candidate;
}

int64_t LoadedCandidate::WorkspaceBytes(const v1::GemmProblem& problem) const {
  return kernel_ != nullptr ? kernel_->WorkspaceBytes(problem) : algorithm_.workspace_bytes();
}

absl::Status LoadedCandidate::Prepare(const v1::GemmProblem& problem,
                                      const std::vector<GemmArguments>& sets) {
  kernel_launches_.clear();
  vendor_launches_.clear();
  for (const GemmArguments& operands : sets) {
    if (kernel_ != nullptr) {
      ASSIGN_OR_RETURN(auto prepared, kernel_->Prepare(problem, operands));
      kernel_launches_.push_back(std::move(prepared));
    } else {
      ASSIGN_OR_RETURN(auto prepared, vendor_->Prepare(problem, algorithm_, operands));
      vendor_launches_.push_back(std::move(prepared));
    }
  }
  return absl::OkStatus();
}

absl::Status LoadedCandidate::Launch(std::size_t index, CUstream stream) const {
  return kernel_ != nullptr ? kernel_->Launch(*kernel_launches_[index], stream)
                            : vendor_->Launch(*vendor_launches_[index], stream);
}

}  // namespace tilewright
