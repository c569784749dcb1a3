#ifndef TILEWRIGHT_PROTO_PROBLEM_EPILOGUE_CANONICALIZER_H_
#define TILEWRIGHT_PROTO_PROBLEM_EPILOGUE_CANONICALIZER_H_

#include <string>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of the epilogue of a GEMM with outputs of `d_type`, and refuses types
// that do not fit and parts that contradict each other.
absl::Status CanonicalizeEpilogue(v1::DataType d_type, v1::Epilogue& epilogue);

// Checks `dropout`, fills its defaults and quantises its probability, which is 0 then where nothing
// is dropped; `path` is its field path.
absl::Status CanonicalizeDropout(const std::string& path, v1::Dropout& dropout);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_EPILOGUE_CANONICALIZER_H_
