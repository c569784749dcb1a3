#include "proto/problem/gemm/split_epilogue.h"

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"

namespace tilewright {

bool SplitsEpilogue(const v1::GemmProblem& gemm) {
  const v1::DataType type = SplitType(gemm);
  const bool has_range = type == v1::DATA_TYPE_FP32 ||
                         (type == v1::DATA_TYPE_BF16 && !RoundsStochastically(gemm.epilogue()));
  return has_range && (HasDropout(gemm.epilogue()) || gemm.epilogue().gradient()) &&
         IsStoredFloat(gemm.d_type());
}

v1::DataType SplitType(const v1::GemmProblem& gemm) {
  return WritesAux(gemm.epilogue()) ? gemm.epilogue().aux_type() : gemm.d_type();
}

v1::GemmProblem GemmOfSplit(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  v1::GemmProblem first = gemm;
  v1::Epilogue left;
  left.set_bias_mode(epilogue.bias_mode());
  left.set_bias_type(epilogue.bias_type());
  left.set_source_mode(v1::SOURCE_MODE_NONE);
  left.set_activation(v1::ACTIVATION_NONE);
  left.set_rounding_mode(v1::ROUNDING_MODE_NEAREST_EVEN);
  left.set_device_scalars(epilogue.device_scalars());
  if (WritesAux(epilogue)) {
    first.set_d_type(epilogue.aux_type());
    first.set_ldd(gemm.ld_aux());
    first.set_d_batch_stride(gemm.aux_batch_stride());
  }
  first.clear_ld_aux();
  first.clear_aux_batch_stride();
  if (Accumulates(epilogue)) {
    left.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
    left.set_source_type(epilogue.source_type());
  } else {
    first.clear_ldc();
    first.clear_c_batch_stride();
  }
  *first.mutable_epilogue() = left;
  return first;
}

}  // namespace tilewright
