// The epilogue of a GEMM with outputs of `d_type`: its canonical form, its part of the key, and its
// text. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_H_

#include <string>

#include "absl/status/status.h"
#include "proto/problem/problem_encoder.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults. Refuses types that do not fit, and parts that contradict each other.
absl::Status CanonicalizeEpilogue(v1::DataType d_type, v1::Epilogue& epilogue);

// Do the work of Family::Encode and Family::Describe for a canonical epilogue.
void EncodeEpilogue(const v1::Epilogue& epilogue, ProblemEncoder& out);
std::string DescribeEpilogue(v1::DataType d_type, const v1::Epilogue& epilogue);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_H_
