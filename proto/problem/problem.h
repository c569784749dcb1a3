// Problems of every kind: their canonical form, their keys, their text and their costs. Pure; any
// thread.
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

// Checks `problem` and fills every default, so that every spelling of one computation
// comes out the same: strides are explicit, unused fields are cleared.
// INVALID_ARGUMENT names the field ("gemm.lda") with a reason code; UNIMPLEMENTED where it
// is well formed but no template of this version serves it.
absl::StatusOr<v1::Problem> Canonicalize(const v1::Problem& problem);

// Canonical encoding: every field in a fixed order, fixed-width little-endian,
// preceded by a format version. Stored in full and compared: equal hashes are never enough.
std::string EncodeProblem(const v1::Problem& canonical);

// SHA-256 of EncodeProblem, 32 bytes.
std::string ProblemKey(const v1::Problem& canonical);

// What is left of a problem without its shape: m, n, k (of a fused dropout: rows and columns),
// batch, strides and the probability of dropout, where there is dropout. It is equal for problems
// that can share kernels if requirements hold. Problems with m, n or k near 2^31, and those of
// which all batches share a matrix, stay apart from others. As EncodeProblem.
std::string EncodeShapeless(const v1::Problem& canonical);

// SHA-256 of EncodeShapeless, 32 bytes.
std::string ShapelessKey(const v1::Problem& canonical);

// "gemm nt bf16 m=8192 n=6144 k=4096 bias gelu_tanh"; for people and logs.
std::string DescribeProblem(const v1::Problem& canonical);

// 2 * m * n * k * batch for GEMMs, 0 for what only moves data.
double FloatingPointOperations(const v1::Problem& canonical);

// Each input read once, each output written once, bytes.
double MinimumBytes(const v1::Problem& canonical);

// The error budget that the problem states; 0 for none.
double ErrorBudgetOf(const v1::Problem& canonical);

// `canonical` at another shape, packed; nothing where no problem has that shape.
std::optional<v1::Problem> AtShape(const v1::Problem& canonical, const ProblemShape& shape);

// A rule of Requirements, and the field of the problem that breaks it: "gemm.k", "gemm.lda".
struct BrokenRequirement {
  enum class Rule { kDivisor, kLimit, kAlignment };
  Rule rule;
  const char* field;
  int64_t needed;      // A divisor, the largest extent, or bytes of which the stride is a multiple.
  int64_t stride = 0;  // Elements, where it is the stride of a tensor.
};

// The first rule that a shape, or one of its tensors `uses`, breaks.
std::optional<BrokenRequirement> FirstBrokenRequirement(const v1::Requirements& requirements,
                                                        const ShapeFields& fields,
                                                        const ProblemShape& shape,
                                                        const TensorUses& uses);

// Whether a kernel with `requirements` may serve the canonical `problem`.
bool RequirementsHold(const v1::Requirements& requirements, const v1::Problem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_PROBLEM_H_
