#ifndef TILEWRIGHT_PROTO_SUPPORT_PRECISION_H_
#define TILEWRIGHT_PROTO_SUPPORT_PRECISION_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The precision that the types of `gemm`, which are filled in, say; sums whose type is left open
// count as of the default. What a VendorKernel means that states none. Pure; any thread.
v1::Precision PrecisionOfTypes(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_PRECISION_H_
