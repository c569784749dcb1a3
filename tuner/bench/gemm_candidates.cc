#include "tuner/bench/gemm_candidates.h"

#include <utility>

#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/problem/gemm/precision.h"
#include "proto/support/status_macros.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// Returns the precision that the kernel's template names, or that of the types without a template.
v1::Precision PrecisionOfKernel(const v1::GemmProblem& gemm, const v1::Variant& variant) {
  v1::Problem problem;
  *problem.mutable_gemm() = gemm;
  const v1::Precision precision = PrecisionOf(problem, variant);
  return precision == v1::PRECISION_UNSPECIFIED ? PrecisionOfTypes(gemm) : precision;
}

class GemmCandidateLoader final : public CandidateLoader {
 public:
  GemmCandidateLoader(const v1::GemmProblem& problem, const GemmReference& reference)
      : problem_(problem), reference_(reference) {}

  absl::StatusOr<LoadedCandidate> Load(const DriverApi& driver,
                                       const bench::LoadRequest& request) override {
    return request.has_kernel() ? LoadKernel(driver, request.kernel())
                                : LoadVendor(driver, request.vendor());
  }

  absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(const DriverApi& driver,
                                                        int64_t workspace_limit,
                                                        int limit) override {
    std::vector<v1::VendorKernel> kernels;
    for (const v1::Precision precision : AdmissiblePrecisions(problem_)) {
      if (!VendorLauncher::Supports(problem_, precision)) continue;
      const absl::Status opened = OpenVendor(driver);
      if (absl::IsNotFound(opened)) return kernels;
      RETURN_IF_ERROR(opened);
      // The precision that follows from the types is not named, because older versions know no
      // other and stored none.
      const bool is_of_types = precision == PrecisionOfTypes(problem_);
      ASSIGN_OR_RETURN(const std::vector<v1::VendorKernel> found,
                       vendor_->Algorithms(problem_, workspace_limit, limit,
                                           is_of_types ? v1::PRECISION_UNSPECIFIED : precision));
      kernels.insert(kernels.end(), found.begin(), found.end());
    }
    return kernels;
  }

 private:
  GemmArguments Operands(const LaunchMemory& memory) const {
    return OperandsOf(kGemmOperands, memory, reference_);
  }

  absl::StatusOr<LoadedCandidate> LoadKernel(const DriverApi& driver, const v1::Kernel& kernel) {
    ASSIGN_OR_RETURN(std::shared_ptr<GemmLauncher> launcher, GemmLauncher::Create(driver, kernel));
    LoadedCandidate candidate;
    candidate.workspace_bytes = launcher->WorkspaceBytes(problem_);
    candidate.arithmetic = {PrecisionOfKernel(problem_, kernel.variant()),
                            SplitsEpilogue(kernel.variant())};
    candidate.prepare = [this, launcher](const LaunchMemory& memory) {
      return ToPreparedLaunch(launcher, launcher->Prepare(problem_, Operands(memory)));
    };
    return candidate;
  }

  absl::StatusOr<LoadedCandidate> LoadVendor(const DriverApi& driver,
                                             const v1::VendorKernel& algorithm) {
    RETURN_IF_ERROR(OpenVendor(driver));
    LoadedCandidate candidate;
    candidate.workspace_bytes = algorithm.workspace_bytes();
    candidate.arithmetic.precision = PrecisionOf(problem_, algorithm);
    candidate.prepare = [this, algorithm](const LaunchMemory& memory) {
      return ToPreparedLaunch(vendor_, vendor_->Prepare(problem_, algorithm, Operands(memory)));
    };
    return candidate;
  }

  absl::Status OpenVendor(const DriverApi& driver) {
    if (vendor_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(vendor_, VendorLauncher::Create(driver));
    return absl::OkStatus();
  }

  const v1::GemmProblem problem_;
  const GemmReference& reference_;
  std::shared_ptr<VendorLauncher> vendor_;
};

}  // namespace

std::unique_ptr<CandidateLoader> GemmCandidates(const v1::GemmProblem& problem,
                                                const GemmReference& reference) {
  return std::make_unique<GemmCandidateLoader>(problem, reference);
}

}  // namespace tilewright
