#include "tuner/template/fused_dropout/work.h"

#include <algorithm>

#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tuner/model/requirements.h"

namespace tilewright {

FusedDropoutWork WorkOf(const v1::FusedDropoutProblem& problem, bool read_mask) {
  FusedDropoutWork work = {};
  work.backward = problem.backward();
  work.least_access = 16;
  for (const TensorUse& use : TensorsOf(problem)) {
    if (use.written || !use.IsMatrix()) continue;
    const int bytes = StorageBytes(use.layout.type);
    ++work.row_tensors;
    work.row_bytes += bytes;
    work.least_access =
        std::min(work.least_access, AccessBytes(use.layout.row_stride, 0, 1, bytes));
  }
  const bool reads = problem.backward() && problem.dropout().store_mask() && read_mask;
  work.normalizes = Normalizes(problem);
  if (problem.backward()) {
    work.held_values =
        (Normalizes(problem) ? 2 : 0) + (problem.activation() > v1::ACTIVATION_NONE ? 1 : 0);
  } else {
    work.held_values = Normalizes(problem) ? 2 : HasBias(problem) ? 1 : 0;
  }
  work.drops = DropsElements(problem) && !reads;
  work.column_sums = ColumnSums(problem);
  work.column_terms =
      (Normalizes(problem) ? 1 : 0) + (problem.activation() > v1::ACTIVATION_NONE ? 1 : 0);
  return work;
}

}  // namespace tilewright
