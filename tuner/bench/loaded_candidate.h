#ifndef TILEWRIGHT_TUNER_BENCH_LOADED_CANDIDATE_H_
#define TILEWRIGHT_TUNER_BENCH_LOADED_CANDIDATE_H_

#include <cuda.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A kernel or a vendor algorithm in the context of a bench worker, launched in one way.
// Owned by a bench session, which outlives neither of its collaborators. Not thread-safe.
class LoadedCandidate {
 public:
  static absl::StatusOr<LoadedCandidate> LoadKernel(const DriverApi& driver,
                                                    const v1::GemmProblem& problem,
                                                    const v1::Kernel& kernel);
  static LoadedCandidate OfVendor(VendorLauncher& launcher, const v1::GemmProblem& problem,
                                  const v1::VendorKernel& kernel);

  // How it multiplies and sums `problem`, which decides what it may be off by.
  v1::Precision precision() const { return precision_; }
  // Whether its epilogue is a launch of its own.
  bool is_split() const { return is_split_; }

  int64_t WorkspaceBytes(const v1::GemmProblem& problem) const;

  // Prepares one launch for each set of operands; earlier ones are dropped.
  absl::Status Prepare(const v1::GemmProblem& problem, const std::vector<GemmArguments>& sets);

  // Launches on set `index`, without allocating.
  absl::Status Launch(std::size_t index, CUstream stream) const;

 private:
  LoadedCandidate(v1::Precision precision, bool is_split)
      : precision_(precision), is_split_(is_split) {}

  v1::Precision precision_;
  bool is_split_;
  std::unique_ptr<GemmLauncher> kernel_;
  VendorLauncher* vendor_ = nullptr;
  v1::VendorKernel algorithm_;
  std::vector<std::shared_ptr<const GemmLauncher::PreparedLaunch>> kernel_launches_;
  std::vector<std::shared_ptr<const VendorLauncher::PreparedLaunch>> vendor_launches_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_LOADED_CANDIDATE_H_
