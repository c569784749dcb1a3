#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_KERNEL_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_KERNEL_LAUNCHER_H_

#include <cuda.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/driver_api.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// In the place of an offset: none was given.
inline constexpr uint64_t kNoOffset = UINT64_MAX;

// What a caller passes to one GEMM launch: device pointers and scalars. Shapes, strides
// and types come from the problem the launcher was made for, or from `shape`.
struct GemmOperands {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;  // Where the epilogue has a source; not read, and may be null, where
                            // that is accumulated and beta is 0. May be D, but for a residual
                            // where there is dropout.
  void* d = nullptr;
  const void* bias = nullptr;      // Where the epilogue has a bias.
  void* aux = nullptr;             // Where the epilogue has one: written, and read by a gradient.
  void* mask = nullptr;            // Where the dropout mask is stored.
  int64_t mask_bytes = 0;          // What it has room for, to be checked; 0: not told.
  float* bias_gradient = nullptr;  // Where the epilogue asks for it.
  float* amax = nullptr;           // Where the epilogue asks for it; zeroed by the launch.
  uint32_t* non_finite = nullptr;
  const float* scale_a = nullptr;  // Where A and B are scaled: laid out as ScalingMode says.
  const float* scale_b = nullptr;
  const float* scale_d = nullptr;  // Where D is scaled: one value.
  int64_t scale_a_elements = 0;    // What scale_a has, to be checked; 0: not told.
  int64_t scale_b_elements = 0;
  void* workspace = nullptr;  // At least WorkspaceBytes(), 16-byte aligned.
  int64_t workspace_bytes = 0;
  float alpha = 1.0f;
  float beta = 0.0f;
  const float* device_alpha = nullptr;  // Where scalars are read from device memory, in the place
  const float* device_beta = nullptr;   // of the two above. beta: with an accumulated source.
  uint64_t seed = 0;                    // Stochastic rounding and dropout.
  uint64_t offset = kNoOffset;          // Below 2^48, another for each launch: docs/dropout.md.
};

// A kernel loaded into the current CUDA context, ready to launch. Thread-safe once made;
// must be destroyed before the context. What is measured is what users launch: the bench
// worker and the client share this class.
class KernelLauncher {
 public:
  // Loads `kernel.cubin()` (cuLibraryLoadData) and resolves every step's entry.
  // FAILED_PRECONDITION: arguments version or architecture do not fit. INVALID_ARGUMENT: the
  // plan is malformed.
  static absl::StatusOr<std::unique_ptr<KernelLauncher>> Create(const DriverApi& driver,
                                                                const v1::Kernel& kernel);
  ~KernelLauncher();

  // Bytes of workspace that `problem` needs.
  int64_t WorkspaceBytes(const v1::GemmProblem& problem) const;

  // Checks the operands against the requirements (INVALID_ARGUMENT naming the operand),
  // packs the arguments and launches every step on `stream`. `problem` is canonical: strides
  // explicit; its shape may differ from the one tuned for if the requirements hold.
  absl::Status Launch(const v1::GemmProblem& problem, const GemmOperands& operands,
                      CUstream stream) const;

  // The same work split in two for repeated launches: validate and pack once, then launch
  // with no checks and no allocation.
  struct PreparedLaunch;
  absl::StatusOr<std::shared_ptr<const PreparedLaunch>> Prepare(const v1::GemmProblem& problem,
                                                                const GemmOperands& operands) const;
  absl::Status Launch(const PreparedLaunch& prepared, CUstream stream) const;

 private:
  struct Impl;
  explicit KernelLauncher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Grid of one step for a shape: x, y, z. Pure.
struct GridSize {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};
GridSize GridFor(const v1::LaunchStep& step, const v1::GemmProblem& problem, int sm_count);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_KERNEL_LAUNCHER_H_
