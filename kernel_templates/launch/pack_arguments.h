#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PACK_ARGUMENTS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PACK_ARGUMENTS_H_

#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The arguments that every step of `plan` takes. What the problem does not have is null or zero,
// whatever the operands say. Operands and shape have been checked. Pure; any thread.
GemmArgs PackArguments(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                       const GemmOperands& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PACK_ARGUMENTS_H_
