// What is checked before anything reaches the GPU. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_LAUNCH_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_LAUNCH_CHECKS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "proto/problem/operand_layout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// FAILED_PRECONDITION, reason ARCHITECTURE_MISMATCH. `compute_capability` is 90 for 9.0. Native
// code runs on its own major version from its minor one on; that of an architecture-specific
// target ("sm_90a") runs on exactly that one.
absl::Status CheckArchitecture(std::string_view architecture, int compute_capability);

// One dimension against what the arguments can carry, and a divisor of the plan's requirements.
absl::Status CheckDimension(const char* field, int64_t value, int divisor);

// A row stride, and a batch stride, against the alignment that a plan requires; nothing of a tensor
// that is not used.
absl::Status CheckStrides(const MatrixLayout& layout, int alignment, const char* row_field,
                          const char* batch_field);

// The problem against what the arguments can carry and the plan requires.
absl::Status CheckShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_LAUNCH_CHECKS_H_
