#ifndef TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_
#define TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_

#include <string>
#include <vector>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A source that is compiled alone.
struct ReferenceUnit {
  std::string source;
  std::vector<std::string> entry_symbols;
};

// Returns the CUDA of the kernels that make inputs, compute the reference and check outputs of
// `problem`. Several units compile at the same time in a third of the time of one source; nothing
// is measured before all are compiled. They depend on the types of A and B, and on whether a mask
// or a bias gradient must be checked. Empty if the kind of the problem is not set.
std::vector<ReferenceUnit> ReferenceUnits(const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_REFERENCE_UNITS_H_
