#include "tuner/model/requirements.h"

#include <algorithm>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/gemm/gemm_tensors.h"

namespace tilewright {
namespace {

void SetAlignment(v1::Operand operand, int alignment, v1::Requirements& requirements) {
  switch (operand) {
    case v1::OPERAND_A:
      requirements.set_a_alignment(alignment);
      break;
    case v1::OPERAND_B:
      requirements.set_b_alignment(alignment);
      break;
    case v1::OPERAND_C:
      requirements.set_c_alignment(alignment);
      break;
    case v1::OPERAND_D:
      requirements.set_d_alignment(alignment);
      break;
    default:
      requirements.set_aux_alignment(alignment);
      break;
  }
}

// Returns AccessBytes of D, but its rows must also end at a whole access: the result divides n
// elements too. TMA stores at least 16 bytes: on an H100 it wrote up to 16 bytes beyond n in padded
// rows.
int AccessBytesOfD(const v1::GemmProblem& gemm) {
  const int bytes = StorageBytes(gemm.d_type());
  return std::min(AccessBytes(gemm.ldd(), gemm.d_batch_stride(), gemm.batch(), bytes),
                  AccessBytes(gemm.n(), 0, 1, bytes));
}

}  // namespace

int AccessBytes(int64_t row_stride, int64_t batch_stride, int64_t batch, int element_bytes) {
  const bool has_stride = batch > 1 && batch_stride != kSharedByBatches;
  const int64_t strides =
      row_stride * element_bytes | (has_stride ? batch_stride * element_bytes : 0) | 16;
  return static_cast<int>(strides & -strides);
}

v1::Requirements RequirementsOf(const TensorUses& uses) {
  v1::Requirements requirements;
  for (const v1::Operand operand :
       {v1::OPERAND_A, v1::OPERAND_B, v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    SetAlignment(operand, 1, requirements);
  }
  requirements.set_bias_alignment(1);
  for (const TensorUse& use : uses) {
    if (!use.IsMatrix()) continue;
    const MatrixLayout& layout = use.layout;
    SetAlignment(use.operand,
                 AccessBytes(layout.row_stride, layout.batch_stride, layout.batch,
                             StorageBytes(layout.type)),
                 requirements);
  }
  requirements.set_m_divisor(1);
  requirements.set_n_divisor(1);
  requirements.set_k_divisor(1);
  return requirements;
}

v1::Requirements RequirementsOf(const v1::GemmProblem& gemm) {
  v1::Requirements requirements = RequirementsOf(TensorsOf(gemm));
  requirements.set_d_alignment(AccessBytesOfD(gemm));
  if (gemm.epilogue().bias_type() != v1::DATA_TYPE_UNSPECIFIED) {
    requirements.set_bias_alignment(StorageBytes(gemm.epilogue().bias_type()));
  }
  return requirements;
}

}  // namespace tilewright
