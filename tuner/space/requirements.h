#ifndef TILEWRIGHT_TUNER_SPACE_REQUIREMENTS_H_
#define TILEWRIGHT_TUNER_SPACE_REQUIREMENTS_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What a kernel rendered for the canonical `gemm` demands of its operands: the widest
// accesses that the problem's own strides admit, and no divisibility. Absent operands: 1.
v1::Requirements RequirementsOf(const v1::GemmProblem& gemm);
// The same of a fused dropout.
v1::Requirements RequirementsOf(const v1::FusedDropoutProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_REQUIREMENTS_H_
