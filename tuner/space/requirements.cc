#include "tuner/space/requirements.h"

#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tuner/codegen/renderer.h"

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

// What a kernel for tensors as they lie may ask of them.
v1::Requirements RequirementsOfTensors(const TensorUses& uses) {
  v1::Requirements requirements;
  for (const v1::Operand operand :
       {v1::OPERAND_A, v1::OPERAND_B, v1::OPERAND_C, v1::OPERAND_D, v1::OPERAND_AUX}) {
    SetAlignment(operand, 1, requirements);
  }
  requirements.set_bias_alignment(1);
  for (const TensorUse& use : uses) {
    const int bytes = StorageBytes(use.layout.type);
    if (use.IsMatrix()) {
      SetAlignment(
          use.alignment,
          AccessBytes(use.layout.row_stride, use.layout.batch_stride, use.layout.batch, bytes),
          requirements);
    }
  }
  requirements.set_m_divisor(1);
  requirements.set_n_divisor(1);
  requirements.set_k_divisor(1);
  return requirements;
}

void SetBiasAlignment(v1::DataType bias, v1::Requirements& requirements) {
  if (bias != v1::DATA_TYPE_UNSPECIFIED) requirements.set_bias_alignment(StorageBytes(bias));
}

}  // namespace

v1::Requirements RequirementsOf(const v1::GemmProblem& gemm) {
  v1::Requirements requirements = RequirementsOfTensors(TensorsOf(gemm));
  requirements.set_d_alignment(AccessBytesOfD(gemm));
  SetBiasAlignment(gemm.epilogue().bias_type(), requirements);
  return requirements;
}

v1::Requirements RequirementsOf(const v1::FusedDropoutProblem& problem) {
  v1::Requirements requirements = RequirementsOfTensors(TensorsOf(problem));
  SetBiasAlignment(problem.bias_type(), requirements);
  return requirements;
}

}  // namespace tilewright
