#ifndef TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_
#define TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_

#include <string>
#include <vector>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A source that is compiled by itself.
struct ReferenceUnit {
  std::string source;
  std::vector<std::string> entry_symbols;
};

// The CUDA of the kernels that make inputs, compute the reference and check outputs of `problem`.
// In units, because nothing is measured before all are compiled: at the same time, they take a
// third of what one source takes. Depends on the types of A and B, and on whether there is a mask
// or a gradient of the bias to be checked. Empty where the kind of the problem is not set.
std::vector<ReferenceUnit> ReferenceUnits(const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_
