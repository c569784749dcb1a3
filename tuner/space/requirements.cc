#include "tuner/space/requirements.h"

#include <cstdint>

#include "kernel_templates/launch/size_checks.h"
#include "proto/problem/fused_dropout_layout.h"
#include "proto/problem/stored_matrix.h"
#include "tuner/codegen/renderer.h"
#include "tuner/space/search_space.h"

namespace tilewright {
namespace {

int AlignmentFor(const v1::Requirements& requirements, v1::Operand operand) {
  switch (operand) {
    case v1::OPERAND_A:
      return requirements.a_alignment();
    case v1::OPERAND_B:
      return requirements.b_alignment();
    case v1::OPERAND_C:
      return requirements.c_alignment();
    case v1::OPERAND_D:
      return requirements.d_alignment();
    default:
      return requirements.aux_alignment();
  }
}

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

// A divisor or alignment of 0 or 1 asks for nothing.
bool Divides(int64_t divisor, int64_t value) { return divisor <= 1 || value % divisor == 0; }

bool AlignmentHolds(int alignment, const StoredMatrix& matrix, int64_t batch) {
  const int64_t bytes = ElementBytes(matrix.type);
  return Divides(alignment, matrix.stride * bytes) &&
         (StoredBatches(matrix, batch) == 1 || Divides(alignment, matrix.batch_stride * bytes));
}

// The operand under whose name kernel.proto states the alignment of a tensor and its gradient.
v1::Operand OperandOf(FusedTensor tensor) {
  switch (tensor) {
    case FusedTensor::kX:
    case FusedTensor::kDx:
      return v1::OPERAND_A;
    case FusedTensor::kResidual:
    case FusedTensor::kResidualGradient:
      return v1::OPERAND_C;
    case FusedTensor::kY:
    case FusedTensor::kDy:
      return v1::OPERAND_D;
    default:
      return v1::OPERAND_AUX;
  }
}

// Requirements say nothing of tiles; no template's are smaller than these. What would have more of
// them than a grid has blocks (from 2^37 elements on) takes a kernel that was planned for it.
bool FitsAnyGrid(int64_t m, int64_t n, int64_t batch) {
  constexpr int kSmallestTileM = 4;
  constexpr int kSmallestTileN = 16;
  return TilesOf(m, n, batch, kSmallestTileM, kSmallestTileN) <= kMaxGridX;
}

bool RequirementsHold(const v1::Requirements& requirements,
                      const v1::FusedDropoutProblem& problem) {
  if (!FitsAnyGrid(problem.rows(), problem.columns(), 1)) return false;
  if (requirements.n_limit() > 0 && problem.columns() > requirements.n_limit()) return false;
  for (const FusedTensorUse& use : TensorsOf(problem)) {
    if (use.IsMatrix() && !Divides(AlignmentFor(requirements, OperandOf(use.tensor)),
                                   use.layout.row_stride * DataTypeBytes(use.layout.type))) {
      return false;
    }
  }
  return true;
}

}  // namespace

v1::Requirements RequirementsOf(const v1::GemmProblem& gemm) {
  v1::Requirements requirements;
  for (const StoredMatrix& matrix : StoredMatrices(gemm)) {
    const int alignment = matrix.present ? AccessBytes(matrix.stride, matrix.batch_stride,
                                                       gemm.batch(), ElementBytes(matrix.type))
                                         : 1;
    SetAlignment(matrix.operand, alignment, requirements);
  }
  requirements.set_d_alignment(AccessBytesOfD(gemm));
  const v1::DataType bias = gemm.epilogue().bias_type();
  requirements.set_bias_alignment(bias == v1::DATA_TYPE_UNSPECIFIED ? 1 : ElementBytes(bias));
  requirements.set_m_divisor(1);
  requirements.set_n_divisor(1);
  requirements.set_k_divisor(1);
  return requirements;
}

v1::Requirements RequirementsOf(const v1::FusedDropoutProblem& problem) {
  v1::Requirements requirements;
  for (const v1::Operand operand :
       {v1::OPERAND_A, v1::OPERAND_B, v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    SetAlignment(operand, 1, requirements);
  }
  for (const FusedTensorUse& use : TensorsOf(problem)) {
    if (!use.IsMatrix()) continue;
    SetAlignment(OperandOf(use.tensor),
                 AccessBytes(use.layout.row_stride, 0, 1, DataTypeBytes(use.layout.type)),
                 requirements);
  }
  const v1::DataType bias = problem.bias_type();
  requirements.set_bias_alignment(bias == v1::DATA_TYPE_UNSPECIFIED ? 1 : ElementBytes(bias));
  requirements.set_m_divisor(1);
  requirements.set_n_divisor(1);
  requirements.set_k_divisor(1);
  return requirements;
}

bool RequirementsHold(const v1::Requirements& requirements, const v1::Problem& problem) {
  if (problem.has_fused_dropout()) return RequirementsHold(requirements, problem.fused_dropout());
  const v1::GemmProblem& gemm = problem.gemm();
  if (!problem.has_gemm() || !Divides(requirements.m_divisor(), gemm.m()) ||
      !Divides(requirements.n_divisor(), gemm.n()) ||
      !Divides(requirements.k_divisor(), gemm.k()) ||
      !FitsAnyGrid(gemm.m(), gemm.n(), gemm.batch())) {
    return false;
  }
  for (const StoredMatrix& matrix : StoredMatrices(gemm)) {
    if (matrix.present &&
        !AlignmentHolds(AlignmentFor(requirements, matrix.operand), matrix, gemm.batch())) {
      return false;
    }
  }
  return true;
}

}  // namespace tilewright
