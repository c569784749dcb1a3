#include "proto/problem/tensor_use.h"

#include <algorithm>

#include "proto/problem/data_type.h"

namespace tilewright {
namespace {

int StatedAlignment(v1::Operand operand, const v1::Requirements& requirements) {
  switch (operand) {
    case v1::OPERAND_A:
      return requirements.a_alignment();
    case v1::OPERAND_B:
      return requirements.b_alignment();
    case v1::OPERAND_C:
      return requirements.c_alignment();
    case v1::OPERAND_D:
      return requirements.d_alignment();
    case v1::OPERAND_AUX:
      return requirements.aux_alignment();
    case v1::OPERAND_BIAS:
      return requirements.bias_alignment();
    default:
      return 1;
  }
}

}  // namespace

double MatrixLayout::Elements() const {
  return static_cast<double>(batch) * static_cast<double>(rows) * static_cast<double>(columns);
}

int64_t MatrixLayout::SpanBytes() const {
  if (!used()) return 0;
  return ((batch - 1) * batch_stride + (rows - 1) * row_stride + columns) * StorageBytes(type);
}

MatrixLayout VectorLayout(v1::DataType type, int64_t elements) {
  MatrixLayout layout;
  if (elements == 0) return layout;
  layout.type = type;
  layout.rows = 1;
  layout.columns = elements;
  layout.row_stride = elements;
  return layout;
}

double MinimumBytes(const TensorUses& uses) {
  double bytes = 0;
  for (const TensorUse& use : uses) {
    if (use.counted) bytes += use.layout.Elements() * StorageBytes(use.layout.type);
  }
  return bytes;
}

int AlignmentOf(const TensorUse& use, const v1::Requirements& requirements) {
  return std::max({StatedAlignment(use.operand, requirements), use.least_alignment,
                   StorageBytes(use.layout.type)});
}

}  // namespace tilewright
