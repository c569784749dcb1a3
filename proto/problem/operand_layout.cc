#include "proto/problem/operand_layout.h"

#include <algorithm>

#include "proto/problem/batch_stride.h"
#include "proto/problem/dropout_mask.h"

namespace tilewright {
namespace {

MatrixLayout Make(v1::DataType type, int64_t rows, int64_t columns, int64_t row_stride,
                  int64_t batch_stride, const v1::GemmProblem& problem) {
  MatrixLayout layout;
  layout.type = type;
  layout.rows = rows;
  layout.columns = columns;
  layout.row_stride = row_stride == 0 ? columns : row_stride;
  if (batch_stride == kSharedByBatches) return layout;
  layout.batch = std::max<int64_t>(problem.batch(), 1);
  if (layout.batch > 1) {
    layout.batch_stride = batch_stride == 0 ? rows * layout.row_stride : batch_stride;
  }
  return layout;
}

}  // namespace

int DataTypeBytes(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_FP32:
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_INT32:
      return 4;
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
      return 2;
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
    case v1::DATA_TYPE_INT8:
      return 1;
    default:
      return 0;
  }
}

int64_t MatrixLayout::SpanBytes() const {
  if (!used()) return 0;
  return ((batch - 1) * batch_stride + (rows - 1) * row_stride + columns) * DataTypeBytes(type);
}

MatrixLayout LayoutOf(const v1::GemmProblem& problem, v1::Operand operand) {
  const int64_t m = problem.m();
  const int64_t n = problem.n();
  const int64_t k = problem.k();
  const bool a_transposed = problem.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  const bool b_transposed = problem.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  switch (operand) {
    case v1::OPERAND_A:
      return Make(problem.a_type(), a_transposed ? k : m, a_transposed ? m : k, problem.lda(),
                  problem.a_batch_stride(), problem);
    case v1::OPERAND_B:
      return Make(problem.b_type(), b_transposed ? n : k, b_transposed ? k : n, problem.ldb(),
                  problem.b_batch_stride(), problem);
    case v1::OPERAND_C:
      return HasSource(problem) ? Make(problem.epilogue().source_type(), m, n, problem.ldc(),
                                       problem.c_batch_stride(), problem)
                                : MatrixLayout();
    case v1::OPERAND_D:
      return Make(problem.d_type(), m, n, problem.ldd(), problem.d_batch_stride(), problem);
    case v1::OPERAND_AUX:
      return HasAux(problem) ? Make(problem.epilogue().aux_type(), m, n, problem.ld_aux(),
                                    problem.aux_batch_stride(), problem)
                             : MatrixLayout();
    default:
      return MatrixLayout();
  }
}

MatrixLayout BiasGradientLayout(const v1::GemmProblem& problem) {
  MatrixLayout layout;
  if (!problem.epilogue().bias_gradient()) return layout;
  layout.type = v1::DATA_TYPE_FP32;
  layout.rows = 1;
  layout.columns = problem.n();
  layout.row_stride = problem.n();
  return layout;
}

int64_t BiasElements(const v1::GemmProblem& problem) {
  switch (problem.epilogue().bias_mode()) {
    case v1::BIAS_MODE_PER_COLUMN:
      return problem.n();
    case v1::BIAS_MODE_PER_ROW:
      return problem.m();
    default:
      return 0;
  }
}

int64_t MaskBytes(const v1::GemmProblem& problem) {
  if (!HasDropout(problem) || !problem.epilogue().dropout().store_mask()) return 0;
  return std::max<int64_t>(problem.batch(), 1) * problem.m() * PackedMaskRowBytes(problem.n());
}

bool UsesRandomBits(const v1::GemmProblem& problem) {
  return HasDropout(problem) || problem.epilogue().rounding_mode() == v1::ROUNDING_MODE_STOCHASTIC;
}

bool HasDropout(const v1::GemmProblem& problem) {
  return problem.epilogue().dropout().probability() > 0;
}

bool HasSource(const v1::GemmProblem& problem) {
  const v1::SourceMode mode = problem.epilogue().source_mode();
  return mode == v1::SOURCE_MODE_ACCUMULATE || mode == v1::SOURCE_MODE_RESIDUAL;
}

bool HasAux(const v1::GemmProblem& problem) {
  return problem.epilogue().aux_type() != v1::DATA_TYPE_UNSPECIFIED;
}

bool WritesAux(const v1::GemmProblem& problem) {
  return HasAux(problem) && !problem.epilogue().gradient();
}

}  // namespace tilewright
