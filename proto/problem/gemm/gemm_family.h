#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_FAMILY_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_FAMILY_H_

#include "proto/problem/family.h"

namespace tilewright {

// Matrix products with their epilogues. Static lifetime.
const Family& GemmFamily();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_FAMILY_H_
