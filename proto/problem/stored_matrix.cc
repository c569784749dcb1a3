#include "proto/problem/stored_matrix.h"

#include "proto/problem/batch_stride.h"

namespace tilewright {

std::array<StoredMatrix, 5> StoredMatrices(const v1::GemmProblem& gemm) {
  const int64_t m = gemm.m();
  const int64_t n = gemm.n();
  const int64_t k = gemm.k();
  const v1::Epilogue& epilogue = gemm.epilogue();
  const bool a_normal = gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL;
  const bool b_normal = gemm.b_layout() == v1::OPERAND_LAYOUT_NORMAL;
  const bool has_source = epilogue.source_mode() == v1::SOURCE_MODE_ACCUMULATE ||
                          epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
  const bool has_aux = epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED;
  return {{
      {v1::OPERAND_A, true, false, a_normal ? m : k, a_normal ? k : m, gemm.a_type(), gemm.lda(),
       gemm.a_batch_stride()},
      {v1::OPERAND_B, true, false, b_normal ? k : n, b_normal ? n : k, gemm.b_type(), gemm.ldb(),
       gemm.b_batch_stride()},
      {v1::OPERAND_C, has_source, false, m, n, epilogue.source_type(), gemm.ldc(),
       gemm.c_batch_stride()},
      {v1::OPERAND_D, true, true, m, n, gemm.d_type(), gemm.ldd(), gemm.d_batch_stride()},
      {v1::OPERAND_AUX, has_aux, !epilogue.gradient(), m, n, epilogue.aux_type(), gemm.ld_aux(),
       gemm.aux_batch_stride()},
  }};
}

int64_t StoredBatches(const StoredMatrix& matrix, int64_t batch) {
  return matrix.batch_stride == kSharedByBatches ? 1 : batch;
}

void SetStrides(v1::Operand operand, int64_t stride, int64_t batch_stride, v1::GemmProblem& gemm) {
  switch (operand) {
    case v1::OPERAND_A:
      gemm.set_lda(stride);
      gemm.set_a_batch_stride(batch_stride);
      break;
    case v1::OPERAND_B:
      gemm.set_ldb(stride);
      gemm.set_b_batch_stride(batch_stride);
      break;
    case v1::OPERAND_C:
      gemm.set_ldc(stride);
      gemm.set_c_batch_stride(batch_stride);
      break;
    case v1::OPERAND_D:
      gemm.set_ldd(stride);
      gemm.set_d_batch_stride(batch_stride);
      break;
    case v1::OPERAND_AUX:
      gemm.set_ld_aux(stride);
      gemm.set_aux_batch_stride(batch_stride);
      break;
    default:
      break;
  }
}

}  // namespace tilewright
