#ifndef TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_
#define TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_

#include <cstdint>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// `problem` with the defaults that problem.proto documents filled in: types, layouts, modes,
// packed strides. Does not validate: the service has, before it handed out a kernel. Pure.
v1::GemmProblem WithDefaults(const v1::GemmProblem& problem);

// Whether two problems (with defaults) can share a kernel: alike but for m, n, k, batch,
// strides and the probability of dropout, where there is dropout.
bool SameFamily(const v1::GemmProblem& a, const v1::GemmProblem& b);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_
