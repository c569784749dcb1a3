#include "tuner/bench/fused_dropout_candidates.h"

#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

class FusedDropoutCandidateLoader final : public CandidateLoader {
 public:
  FusedDropoutCandidateLoader(const v1::FusedDropoutProblem& problem,
                              const FusedDropoutReference& reference)
      : problem_(problem), reference_(reference) {}

  absl::StatusOr<LoadedCandidate> Load(const DriverApi& driver,
                                       const bench::LoadRequest& request) override {
    if (!request.has_kernel()) return absl::InvalidArgumentError("no vendor has such an algorithm");
    ASSIGN_OR_RETURN(std::shared_ptr<FusedDropoutLauncher> launcher,
                     FusedDropoutLauncher::Create(driver, request.kernel()));
    LoadedCandidate candidate;
    candidate.workspace_bytes = launcher->WorkspaceBytes(problem_);
    candidate.prepare = [this, launcher](const LaunchMemory& memory) {
      const auto operands = OperandsOf(kFusedDropoutOperands, memory, reference_);
      return ToPreparedLaunch(launcher, launcher->Prepare(problem_, operands));
    };
    return candidate;
  }

  absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(const DriverApi&, int64_t, int) override {
    return std::vector<v1::VendorKernel>();
  }

 private:
  const v1::FusedDropoutProblem problem_;
  const FusedDropoutReference& reference_;
};

}  // namespace

std::unique_ptr<CandidateLoader> FusedDropoutCandidates(const v1::FusedDropoutProblem& problem,
                                                        const FusedDropoutReference& reference) {
  return std::make_unique<FusedDropoutCandidateLoader>(problem, reference);
}

}  // namespace tilewright
