// Turns a variant of a problem into CUDA source: the includes of its template and the
// one generated line that instantiates it. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_CODEGEN_RENDERER_H_
#define TILEWRIGHT_TUNER_CODEGEN_RENDERER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Entry symbols of every GEMM template, extern "C".
inline constexpr std::string_view kGemmEntry = "tilewright_gemm";
inline constexpr std::string_view kReduceEntry = "tilewright_gemm_reduce";
inline constexpr std::string_view kSplitEpilogueEntry = "tilewright_split_epilogue";
inline constexpr std::string_view kColumnSumsEntry = "tilewright_column_sums";

// Source of `variant` for the canonical `problem`. Depends on the problem's types,
// layouts, alignment classes and epilogue, not otherwise on m, n, k: problems that differ in
// shape alone render to identical text and share one compile.
absl::StatusOr<std::string> RenderSource(const v1::Problem& problem, const v1::Variant& variant);

// Bytes of the widest vector access (16, 8, 4, 2 or 1) that an operand admits:
// the largest power of two up to 16 that divides its row stride and batch stride in
// bytes, given a base aligned to it. A matrix that all batches share has no batch stride.
int AccessBytes(int64_t row_stride, int64_t batch_stride, int64_t batch, int element_bytes);

// The same of D, whose rows end where they do: the largest that divides its n elements too. TMA
// stores no less than 16 bytes: on an H100 it wrote up to 16 bytes of what lies beyond n in padded
// rows.
int AccessBytesOfD(const v1::GemmProblem& gemm);

// Bytes of one element of `type`.
int ElementBytes(v1::DataType type);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_RENDERER_H_
