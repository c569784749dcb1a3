#ifndef TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_FAMILY_H_
#define TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_FAMILY_H_

#include "proto/problem/family.h"

namespace tilewright {

// Standalone dropouts, with what is done before and after them. Static lifetime.
const Family& FusedDropoutFamily();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_FAMILY_H_
