#ifndef TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_
#define TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_

#include <cstdint>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// `problem` with the defaults that problem.proto documents filled in: types, layouts, modes,
// packed strides. Does not validate: the service has, before it handed out a kernel. Pure.
v1::GemmProblem WithDefaults(const v1::GemmProblem& problem);

// Whether a kernel that was got for `served` may be launched for `problem` (both with defaults):
// alike but for m, n, k, batch, strides and the probability of dropout, where there is dropout. All
// batches of `problem` share no matrix that those of `served` do not, and where one has m, n or k
// near 2^31, so has the other: such kernels were made for that.
bool MayServe(const v1::GemmProblem& served, const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_GEMM_DEFAULTS_H_
