#include "client/cpp/gemm_defaults.h"

#include <cstdint>
#include <string>

#include "kernel_templates/launch/size_checks.h"
#include "proto/problem/batch_stride.h"
#include "proto/problem/dropout_mask.h"
#include "tilewright/kernel.h"

namespace tilewright {
namespace {

static_assert(kBatchBroadcast == kSharedByBatches);

// An error budget leaves the type of the sums to the tuner, where the inputs admit several
// precisions: see NumericsPolicy.error_budget.
bool BudgetDecides(const v1::GemmProblem& problem) {
  const v1::DataType input = problem.a_type();
  return problem.numerics().error_budget() > 0 && !problem.numerics().promote_accumulation() &&
         (input == v1::DATA_TYPE_FP32 || input == v1::DATA_TYPE_FP16 ||
          input == v1::DATA_TYPE_E4M3 || input == v1::DATA_TYPE_E5M2);
}

void FillTypes(v1::GemmProblem& problem) {
  using enum v1::DataType;
  if (problem.a_type() == DATA_TYPE_UNSPECIFIED) problem.set_a_type(DATA_TYPE_BF16);
  const v1::DataType input = problem.a_type();
  if (problem.b_type() == DATA_TYPE_UNSPECIFIED) problem.set_b_type(input);
  const bool integer = input == DATA_TYPE_INT8;
  const bool single = input == DATA_TYPE_FP32 || input == DATA_TYPE_TF32;
  if (problem.d_type() == DATA_TYPE_UNSPECIFIED) {
    problem.set_d_type(integer ? DATA_TYPE_INT32 : single ? DATA_TYPE_FP32 : input);
  }
  if (problem.accumulator_type() == DATA_TYPE_UNSPECIFIED && !BudgetDecides(problem)) {
    problem.set_accumulator_type(integer ? DATA_TYPE_INT32 : DATA_TYPE_FP32);
  }
}

// A probability that is none is left to the service, which refuses it.
void FillDropout(v1::Epilogue& epilogue) {
  if (!epilogue.has_dropout()) return;
  v1::Dropout& dropout = *epilogue.mutable_dropout();
  if (!(dropout.probability() >= 0 && dropout.probability() <= 1)) return;
  const uint32_t threshold = QuantizeProbability(dropout.probability());
  dropout.set_probability(1.0 * threshold / kDropoutSteps);
  if (dropout.philox_rounds() == 0) dropout.set_philox_rounds(7);
  if (threshold == 0) epilogue.clear_dropout();
}

void FillEpilogue(v1::GemmProblem& problem) {
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  const v1::DataType d = problem.d_type();
  const bool has_fp8_output = d == v1::DATA_TYPE_E4M3 || d == v1::DATA_TYPE_E5M2;
  const v1::DataType operand_type = has_fp8_output ? v1::DATA_TYPE_BF16 : d;
  if (epilogue.bias_mode() == v1::BIAS_MODE_UNSPECIFIED) {
    epilogue.set_bias_mode(v1::BIAS_MODE_NONE);
  }
  if (epilogue.source_mode() == v1::SOURCE_MODE_UNSPECIFIED) {
    epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
  }
  if (epilogue.activation() == v1::ACTIVATION_UNSPECIFIED) {
    epilogue.set_activation(v1::ACTIVATION_NONE);
  }
  if (epilogue.rounding_mode() == v1::ROUNDING_MODE_UNSPECIFIED) {
    epilogue.set_rounding_mode(v1::ROUNDING_MODE_NEAREST_EVEN);
  }
  if (epilogue.bias_mode() != v1::BIAS_MODE_NONE &&
      epilogue.bias_type() == v1::DATA_TYPE_UNSPECIFIED) {
    epilogue.set_bias_type(operand_type);
  }
  if (epilogue.source_mode() != v1::SOURCE_MODE_NONE &&
      epilogue.source_type() == v1::DATA_TYPE_UNSPECIFIED) {
    epilogue.set_source_type(operand_type);
  }
  FillDropout(epilogue);
}

// Rows as stored, and elements in one.
struct StoredShape {
  int64_t rows;
  int64_t columns;
};

StoredShape Stored(v1::OperandLayout layout, int64_t rows, int64_t columns) {
  return layout == v1::OPERAND_LAYOUT_TRANSPOSED ? StoredShape{columns, rows}
                                                 : StoredShape{rows, columns};
}

// Packed strides where they are not given: a batch starts where the rows before it end. One batch
// has nobody to share with. What else is negative is left to the checks of a launch.
void FillStrides(const StoredShape& shape, int64_t batch, int64_t& leading, int64_t& stride) {
  if (leading == 0) leading = shape.columns;
  if (stride == kSharedByBatches && batch <= 1) stride = 0;
  if (stride == 0 && batch > 1) stride = shape.rows * leading;
}

void FillAllStrides(v1::GemmProblem& problem) {
  struct Strides {
    int64_t leading;
    int64_t batch;
  };
  const int64_t batch = problem.batch();
  const StoredShape output{problem.m(), problem.n()};
  Strides a{problem.lda(), problem.a_batch_stride()};
  Strides b{problem.ldb(), problem.b_batch_stride()};
  Strides d{problem.ldd(), problem.d_batch_stride()};
  FillStrides(Stored(problem.a_layout(), problem.m(), problem.k()), batch, a.leading, a.batch);
  FillStrides(Stored(problem.b_layout(), problem.k(), problem.n()), batch, b.leading, b.batch);
  FillStrides(output, batch, d.leading, d.batch);
  problem.set_lda(a.leading);
  problem.set_ldb(b.leading);
  problem.set_ldd(d.leading);
  problem.set_a_batch_stride(a.batch);
  problem.set_b_batch_stride(b.batch);
  problem.set_d_batch_stride(d.batch);
  if (problem.epilogue().source_mode() != v1::SOURCE_MODE_NONE) {
    Strides c{problem.ldc(), problem.c_batch_stride()};
    FillStrides(output, batch, c.leading, c.batch);
    problem.set_ldc(c.leading);
    problem.set_c_batch_stride(c.batch);
  }
  if (problem.epilogue().aux_type() != v1::DATA_TYPE_UNSPECIFIED) {
    Strides aux{problem.ld_aux(), problem.aux_batch_stride()};
    FillStrides(output, batch, aux.leading, aux.batch);
    problem.set_ld_aux(aux.leading);
    problem.set_aux_batch_stride(aux.batch);
  }
}

// What of a problem decides which kernels compute it, but for what all batches share.
std::string FamilyOf(v1::GemmProblem problem) {
  const auto extent = [](int64_t value) { return IsNearLimit(value) ? kMaxExtent : 0; };
  problem.set_m(extent(problem.m()));
  problem.set_n(extent(problem.n()));
  problem.set_k(extent(problem.k()));
  problem.clear_batch();
  problem.clear_lda();
  problem.clear_ldb();
  problem.clear_ldc();
  problem.clear_ldd();
  problem.clear_ld_aux();
  problem.clear_a_batch_stride();
  problem.clear_b_batch_stride();
  problem.clear_c_batch_stride();
  problem.clear_d_batch_stride();
  problem.clear_aux_batch_stride();
  // An argument of a launch; a kernel with dropout serves every one but 0.
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  if (epilogue.has_dropout()) epilogue.mutable_dropout()->set_probability(0.5);
  return problem.SerializeAsString();
}

}  // namespace

v1::GemmProblem WithDefaults(const v1::GemmProblem& problem) {
  v1::GemmProblem filled = problem;
  if (filled.batch() == 0) filled.set_batch(1);
  FillTypes(filled);
  if (filled.a_layout() == v1::OPERAND_LAYOUT_UNSPECIFIED) {
    filled.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  }
  if (filled.b_layout() == v1::OPERAND_LAYOUT_UNSPECIFIED) {
    filled.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  }
  if (filled.scaling_mode() == v1::SCALING_MODE_UNSPECIFIED) {
    filled.set_scaling_mode(v1::SCALING_MODE_NONE);
  }
  if (filled.numerics().determinism() == v1::DETERMINISM_MODE_UNSPECIFIED) {
    filled.mutable_numerics()->set_determinism(v1::DETERMINISM_MODE_REQUIRED);
  }
  if (filled.scaling_mode() == v1::SCALING_MODE_BLOCK_128) {
    filled.mutable_numerics()->set_promote_accumulation(true);
  }
  FillEpilogue(filled);
  FillAllStrides(filled);
  return filled;
}

bool MayServe(const v1::GemmProblem& served, const v1::GemmProblem& problem) {
  const auto may_share = [](int64_t stride, int64_t served_stride) {
    return stride != kSharedByBatches || served_stride == kSharedByBatches;
  };
  return may_share(problem.a_batch_stride(), served.a_batch_stride()) &&
         may_share(problem.b_batch_stride(), served.b_batch_stride()) &&
         may_share(problem.c_batch_stride(), served.c_batch_stride()) &&
         FamilyOf(served) == FamilyOf(problem);
}

}  // namespace tilewright
