#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_CANONICALIZER_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_CANONICALIZER_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of the epilogue of a GEMM with outputs of `d_type`, and refuses types
// that do not fit and parts that contradict each other.
absl::Status CanonicalizeEpilogue(v1::DataType d_type, v1::Epilogue& epilogue);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_CANONICALIZER_H_
