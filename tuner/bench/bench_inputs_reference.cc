// The reference of BenchInputs, and the comparisons with it.
#include <cmath>

#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/bench_inputs.h"
#include "tuner/model/tolerance.h"

namespace tilewright {
namespace {

template <typename Pointer>
Pointer* As(const DeviceMemory& memory) {
  return static_cast<Pointer*>(memory.pointer());
}

}  // namespace

ReferenceDropout BenchInputs::Dropout() const {
  ReferenceDropout dropout{};
  if (!HasDropout(problem_.epilogue())) return dropout;
  GemmArguments operands;
  Bind(operands);
  const uint32_t threshold = QuantizeProbability(problem_.epilogue().dropout().probability());
  dropout.seed = operands.seed;
  dropout.offset = operands.offset;
  dropout.rounds = problem_.epilogue().dropout().philox_rounds();
  dropout.threshold = threshold;
  dropout.scale = threshold < kDropoutSteps ? 1.0 * kDropoutSteps / (kDropoutSteps - threshold) : 0;
  return dropout;
}

absl::Status BenchInputs::ComputeReference(const ReferenceKernels& kernels, CUstream stream) const {
  const v1::Epilogue& epilogue = problem_.epilogue();
  ReferenceGemmArgs args{};
  args.a = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_A), a_.pointer());
  args.b = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_B), b_.pointer());
  args.source = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_C), c_.pointer());
  args.z = ToReferenceMatrix(
      problem_.epilogue().gradient() ? LayoutOf(problem_, v1::OPERAND_AUX) : MatrixLayout(),
      z_.pointer());
  args.bias = bias_.empty() ? nullptr : bias_.pointer();
  args.scale_a = scale_a_.empty() ? nullptr : static_cast<const float*>(scale_a_.pointer());
  args.scale_b = scale_b_.empty() ? nullptr : static_cast<const float*>(scale_b_.pointer());
  args.scale_d = static_cast<double>(ScaleD());
  args.scaling = problem_.scaling_mode();
  args.rows = As<const long long>(device_rows_);
  args.expected = As<double>(expected_);
  args.bound = As<double>(bound_);
  args.size = As<float>(size_);
  args.size_z = size_z_.bytes() > 0 ? As<float>(size_z_) : nullptr;
  args.expected_aux = As<double>(expected_aux_);
  args.bound_aux = As<double>(bound_aux_);
  args.size_aux = As<float>(size_aux_);
  args.alpha = static_cast<double>(Alpha());
  args.beta = static_cast<double>(Beta());
  args.tolerance = ToleranceFor(problem_, kind_ == bench::INPUT_KIND_ADVERSARIAL);
  args.arrived = As<unsigned>(arrived_);
  args.row_count = static_cast<long long>(rows_.size());
  args.m = problem_.m();
  args.n = problem_.n();
  args.k = problem_.k();
  args.a_transposed = problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  args.b_transposed = problem_.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  args.bias_type = epilogue.bias_type();
  args.bias_per_row = epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW;
  args.source_residual = epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
  args.activation = epilogue.activation();
  args.gradient = epilogue.gradient();
  args.dropout = Dropout();
  return kernels.Gemm(args, stream);
}

absl::Status BenchInputs::EnqueueChecksum(const ReferenceKernels& kernels, unsigned long long* sum,
                                          CUstream stream) const {
  for (const GuardedBuffer* buffer :
       {&a_, &b_, &c_, &bias_, &scale_a_, &scale_b_, &scale_d_, &z_, &scalars_}) {
    if (buffer->empty()) continue;
    ChecksumArgs args{};
    args.data = As<const unsigned int>(buffer->memory());
    args.words = buffer->memory().bytes() / 4;
    args.sum = sum;
    RETURN_IF_ERROR(kernels.Checksum(args, stream));
  }
  return absl::OkStatus();
}

absl::Status BenchInputs::EnqueueCompare(const ReferenceKernels& kernels, v1::Operand operand,
                                         v1::Precision precision, bool is_split, void* data,
                                         CheckCounts* counts, CUstream stream) const {
  const bool aux = operand == v1::OPERAND_AUX;
  const ReferenceTolerance tolerance =
      ToleranceFor(problem_, precision, kind_ == bench::INPUT_KIND_ADVERSARIAL);
  CompareArgs args{};
  args.output = ToReferenceMatrix(LayoutOf(problem_, operand), data);
  args.rows = As<const long long>(device_rows_);
  args.expected = As<const double>(aux ? expected_aux_ : expected_);
  args.bound = As<const double>(aux ? bound_aux_ : bound_);
  args.size = As<const float>(aux ? size_aux_ : size_);
  args.sum = tolerance.sum;
  // An auxiliary output is what passes between the launches, rounded once.
  if (is_split && !aux) {
    args.size_z = As<const float>(size_z_);
    args.split = RoundingOf(SplitType(problem_)).unit;
  }
  const ReferenceStored& stored = aux ? tolerance.aux : tolerance.output;
  args.floor = stored.floor;
  // Where an output saturates Inf is never right.
  args.largest = stored.saturates ? HUGE_VAL : stored.largest;
  args.row_count = static_cast<long long>(rows_.size());
  args.counts = counts;
  return kernels.Compare(args, stream);
}

absl::Status BenchInputs::EnqueueMask(const ReferenceKernels& kernels, const void* mask,
                                      CheckCounts* counts, CUstream stream) const {
  MaskArgs args{};
  args.mask = static_cast<const unsigned char*>(mask);
  args.dropout = Dropout();
  args.batch = problem_.batch();
  args.rows = problem_.m();
  args.columns = problem_.n();
  args.counts = counts;
  return kernels.Mask(args, stream);
}

absl::Status BenchInputs::EnqueueColumns(const ReferenceKernels& kernels, void* d,
                                         const float* sums, CheckCounts* counts,
                                         CUstream stream) const {
  RETURN_IF_ERROR(
      driver_->Check(driver_->cuMemsetD8Async(totals_.address(), 0,
                                              static_cast<std::size_t>(totals_.bytes()), stream),
                     "clearing the totals of columns"));
  ColumnTotalsArgs add{};
  add.output = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_D), d);
  add.rounding = OutputRounding(problem_);
  add.totals = As<ColumnTotals>(totals_);
  RETURN_IF_ERROR(kernels.AddColumns(add, stream));
  CompareColumnsArgs args{};
  args.sums = sums;
  args.totals = add.totals;
  args.scale_d = static_cast<double>(ScaleD());
  args.column_sum = ToleranceFor(problem_, false).column_sum;
  args.columns = problem_.n();
  args.counts = counts;
  return kernels.CompareColumns(args, stream);
}

}  // namespace tilewright
