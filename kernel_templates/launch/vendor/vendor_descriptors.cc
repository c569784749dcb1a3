#include "kernel_templates/launch/vendor/vendor_descriptors.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::vendor {
namespace {

int32_t OperationOf(v1::OperandLayout layout) {
  return layout == v1::OPERAND_LAYOUT_TRANSPOSED ? kTransposed : kAsStored;
}

}  // namespace

absl::Status Check(int status, const char* what) {
  if (status == kSuccess) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "CUBLASLT_ERROR",
                   absl::StrCat(what, ": cublasStatus_t ", status));
}

Descriptors::~Descriptors() {
  if (descriptor_ != nullptr) api_.descriptor_destroy(descriptor_);
  for (Layout layout : {first_, second_, source_, output_}) {
    if (layout != nullptr) api_.layout_destroy(layout);
  }
}

absl::Status Descriptors::DescribeMatrix(const MatrixLayout& matrix, int64_t batch, DataType type,
                                         Layout* layout) {
  RETURN_IF_ERROR(Check(api_.layout_create(layout, type, static_cast<uint64_t>(matrix.columns),
                                           static_cast<uint64_t>(matrix.rows), matrix.row_stride),
                        "cublasLtMatrixLayoutCreate"));
  if (batch <= 1) return absl::OkStatus();
  // Every operand has the count of all batches. A shared operand has a stride of 0.
  const int32_t count = static_cast<int32_t>(batch);
  RETURN_IF_ERROR(
      Check(api_.layout_set(*layout, kBatchCount, &count, sizeof(count)), "batch count"));
  return Check(api_.layout_set(*layout, kStridedBatchOffset, &matrix.batch_stride,
                               sizeof(matrix.batch_stride)),
               "batch stride");
}

absl::Status Descriptors::DescribeScales(const v1::GemmProblem& problem,
                                         const GemmArguments& operands) {
  if (ScaleElements(problem, v1::OPERAND_SCALE_A) > 0) {
    const ScaleModes modes = ScaleModesOf(problem.scaling_mode());
    // Libraries before 12.8 do not know scale modes. Their scales are always scalars.
    if (modes.a != kScalar) {
      RETURN_IF_ERROR(Set<int32_t>(kScaleModeA, modes.b, "scale mode of B"));
      RETURN_IF_ERROR(Set<int32_t>(kScaleModeB, modes.a, "scale mode of A"));
    }
    RETURN_IF_ERROR(Set(kScalePointerA, operands.scale_b, "scales of B"));
    RETURN_IF_ERROR(Set(kScalePointerB, operands.scale_a, "scales of A"));
  }
  if (problem.epilogue().scale_d()) {
    RETURN_IF_ERROR(Set(kScalePointerD, operands.scale_d, "scale of D"));
  }
  if (!problem.epilogue().amax()) return absl::OkStatus();
  return Set(kAmaxPointerD, operands.amax, "amax of D");
}

absl::Status Descriptors::Describe(const v1::GemmProblem& problem, const Types& types,
                                   const GemmArguments& operands) {
  RETURN_IF_ERROR(Check(api_.descriptor_create(&descriptor_, types.compute, types.scale),
                        "cublasLtMatmulDescCreate"));
  RETURN_IF_ERROR(Set(kTransposeA, OperationOf(problem.b_layout()), "transpose of B"));
  RETURN_IF_ERROR(Set(kTransposeB, OperationOf(problem.a_layout()), "transpose of A"));
  if (types.a == kReal8FE4M3 || types.a == kReal8FE5M2) {
    const int8_t fast = types.fast_accumulation ? 1 : 0;
    RETURN_IF_ERROR(Set(kFastAccumulation, fast, "fast accumulation"));
  }
  RETURN_IF_ERROR(DescribeScales(problem, operands));
  const MatrixLayout d = LayoutOf(problem, v1::OPERAND_D);
  const MatrixLayout c = ReadsSource(problem, operands) ? LayoutOf(problem, v1::OPERAND_C) : d;
  const int64_t batch = problem.batch();
  RETURN_IF_ERROR(DescribeMatrix(LayoutOf(problem, v1::OPERAND_B), batch, types.b, &first_));
  RETURN_IF_ERROR(DescribeMatrix(LayoutOf(problem, v1::OPERAND_A), batch, types.a, &second_));
  RETURN_IF_ERROR(DescribeMatrix(c, batch, types.source, &source_));
  return DescribeMatrix(d, batch, types.output, &output_);
}

}  // namespace tilewright::vendor
