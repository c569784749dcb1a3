#ifndef TILEWRIGHT_TUNER_MEASURE_REFERENCE_H_
#define TILEWRIGHT_TUNER_MEASURE_REFERENCE_H_

#include <string>
#include <vector>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// CUDA source of the kernels that make inputs, compute the reference and check outputs of
// `problem`. Depends on the types of A and B alone.
std::string RenderReferenceSource(const v1::GemmProblem& problem);

// Entry symbols of that source.
const std::vector<std::string>& ReferenceEntries();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MEASURE_REFERENCE_H_
