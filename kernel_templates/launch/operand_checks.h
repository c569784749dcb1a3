#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_

#include "absl/status/status.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What a caller passes against the problem: pointers that are there where needed and aligned,
// enough workspace and mask, an offset for random bits. INVALID_ARGUMENT names the operand:
// "operands.a". Pure; any thread.
absl::Status CheckOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                           const GemmOperands& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_
