// Problems of every kind: their canonical form, keys, text and costs. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_PROBLEM_H_
#define TILEWRIGHT_PROTO_PROBLEM_PROBLEM_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/problem/family.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Checks `problem` and fills every default. All spellings of one computation give the same result:
// strides are explicit, unused fields are cleared. INVALID_ARGUMENT names the field ("gemm.lda")
// with a reason code. UNIMPLEMENTED: it is well formed, but no template of this version serves it.
absl::StatusOr<v1::Problem> Canonicalize(v1::Problem problem);

// Returns the canonical encoding: a format version, then every field in a fixed order, fixed-width
// little-endian. It is stored and compared in full: equal hashes are never enough.
std::string EncodeProblem(const v1::Problem& canonical);

// Returns the SHA-256 of EncodeProblem, 32 bytes.
std::string ProblemKey(const v1::Problem& canonical);

// Encodes, as EncodeProblem does, a problem without its shape: without m, n, k (rows and columns
// for a fused dropout), batch, strides and the probability of dropout. Problems with the same
// result can share kernels if requirements hold. Problems with m, n or k near 2^31, and those with
// a matrix that all batches share, stay apart from the others.
std::string EncodeShapeless(const v1::Problem& canonical);

// Returns the SHA-256 of EncodeShapeless, 32 bytes.
std::string ShapelessKey(const v1::Problem& canonical);

// Returns text for people and logs: "gemm nt bf16 m=8192 n=6144 k=4096 bias gelu_tanh".
std::string DescribeProblem(const v1::Problem& canonical);

// Returns 2 * m * n * k * batch for GEMMs, 0 for problems that only move data.
double FloatingPointOperations(const v1::Problem& canonical);

// Counts the bytes if each input is read once and each output is written once.
double MinimumBytes(const v1::Problem& canonical);

// Returns the error budget that the problem states; 0 for none.
double ErrorBudgetOf(const v1::Problem& canonical);

// Returns `canonical` with another shape, packed; nothing if no problem can have that shape.
std::optional<v1::Problem> AtShape(const v1::Problem& canonical, const ProblemShape& shape);

// A rule of Requirements, and the field of the problem that breaks it: "gemm.k", "gemm.lda".
struct BrokenRequirement {
  enum class Rule { kDivisor, kLimit, kAlignment };
  Rule rule;
  const char* field;
  int64_t needed;      // A divisor, the largest extent, or a divisor of the stride in bytes.
  int64_t stride = 0;  // In elements, if `field` is the stride of a tensor.
};

// Returns the first rule that the shape, or one of the tensors in `uses`, breaks.
std::optional<BrokenRequirement> FirstBrokenRequirement(const v1::Requirements& requirements,
                                                        const ShapeFields& fields,
                                                        const ProblemShape& shape,
                                                        const TensorUses& uses);

// Returns whether a kernel with `requirements` may serve the canonical `problem`.
bool RequirementsHold(const v1::Requirements& requirements, const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_PROBLEM_H_
