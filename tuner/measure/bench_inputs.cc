#include "tuner/measure/bench_inputs.h"

#include <algorithm>
#include <cmath>

#include "absl/base/casts.h"
#include "kernel_templates/launch/scale_layout.h"
#include "proto/support/status_macros.h"
#include "tuner/measure/check_rows.h"
#include "tuner/measure/tolerance.h"

namespace tilewright {
namespace {

// 0xFF in every byte is NaN in every float type.
constexpr unsigned char kInputPoison = 0xFF;

MatrixLayout VectorLayout(v1::DataType type, int64_t elements) {
  MatrixLayout layout;
  if (elements == 0) return layout;
  layout.type = type;
  layout.rows = 1;
  layout.columns = elements;
  layout.row_stride = elements;
  return layout;
}

MatrixLayout BiasLayout(const v1::GemmProblem& problem) {
  return VectorLayout(problem.epilogue().bias_type(), BiasElements(problem));
}

MatrixLayout ScaleLayout(const v1::GemmProblem& problem, v1::Operand operand) {
  return VectorLayout(v1::DATA_TYPE_FP32, ScaleElements(problem, operand));
}

absl::StatusOr<GuardedBuffer> AllocateFor(const DriverApi& driver, const MatrixLayout& layout) {
  if (!layout.used()) return GuardedBuffer();
  return GuardedBuffer::Allocate(
      driver, layout.SpanBytes(),
      GuardedBuffer::GuardBytes(layout.row_stride * DataTypeBytes(layout.type)));
}

template <typename Pointer>
Pointer* As(const DeviceMemory& memory) {
  return static_cast<Pointer*>(memory.pointer());
}

// Of D: no power of two, so that leaving it out, or rounding before it, shows.
constexpr float kScaleD = 1.375f;

// Which scalars go with an input. An int32 D takes the sum as it is.
float AlphaOf(bench::InputKind kind, const v1::GemmProblem& problem) {
  const bool plain = kind != bench::INPUT_KIND_NORMAL || problem.d_type() == v1::DATA_TYPE_INT32;
  const bool adversarial = kind == bench::INPUT_KIND_ADVERSARIAL;
  return static_cast<float>(AlphaForRange(problem, adversarial)) * (plain ? 1.0f : 0.75f);
}

float BetaOf(bench::InputKind kind, const v1::GemmProblem& problem) {
  if (!HasSource(problem)) return 0.0f;
  return kind == bench::INPUT_KIND_NORMAL ? 0.5f : 1.0f;
}

}  // namespace

absl::StatusOr<BenchInputs> BenchInputs::Allocate(const DriverApi& driver,
                                                  const v1::GemmProblem& problem) {
  BenchInputs inputs(driver, problem);
  ASSIGN_OR_RETURN(inputs.a_, AllocateFor(driver, LayoutOf(problem, v1::OPERAND_A)));
  ASSIGN_OR_RETURN(inputs.b_, AllocateFor(driver, LayoutOf(problem, v1::OPERAND_B)));
  ASSIGN_OR_RETURN(inputs.c_, AllocateFor(driver, LayoutOf(problem, v1::OPERAND_C)));
  ASSIGN_OR_RETURN(inputs.bias_, AllocateFor(driver, BiasLayout(problem)));
  ASSIGN_OR_RETURN(inputs.scale_a_, AllocateFor(driver, ScaleLayout(problem, v1::OPERAND_SCALE_A)));
  ASSIGN_OR_RETURN(inputs.scale_b_, AllocateFor(driver, ScaleLayout(problem, v1::OPERAND_SCALE_B)));
  ASSIGN_OR_RETURN(inputs.scale_d_, AllocateFor(driver, ScaleLayout(problem, v1::OPERAND_SCALE_D)));
  inputs.rows_ = RowsToCheck(problem);
  const int64_t rows = static_cast<int64_t>(inputs.rows_.size());
  const int64_t bytes = rows * problem.n() * static_cast<int64_t>(sizeof(double));
  const int64_t size_bytes = rows * problem.n() * static_cast<int64_t>(sizeof(float));
  ASSIGN_OR_RETURN(inputs.device_rows_,
                   DeviceMemory::Allocate(driver, rows * static_cast<int64_t>(sizeof(int64_t))));
  ASSIGN_OR_RETURN(inputs.expected_, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(inputs.bound_, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(inputs.size_, DeviceMemory::Allocate(driver, size_bytes));
  if (HasAux(problem)) {
    ASSIGN_OR_RETURN(inputs.expected_aux_, DeviceMemory::Allocate(driver, bytes));
    ASSIGN_OR_RETURN(inputs.bound_aux_, DeviceMemory::Allocate(driver, bytes));
    ASSIGN_OR_RETURN(inputs.size_aux_, DeviceMemory::Allocate(driver, size_bytes));
  }
  return inputs;
}

const GuardedBuffer& BenchInputs::buffer(v1::Operand operand) const {
  return operand == v1::OPERAND_A ? a_ : operand == v1::OPERAND_B ? b_ : c_;
}

absl::Status BenchInputs::FillMatrix(const MatrixLayout& layout, const GuardedBuffer& buffer,
                                     int which, const ReferenceKernels& kernels,
                                     CUstream stream) const {
  if (!layout.used()) return absl::OkStatus();
  RETURN_IF_ERROR(buffer.Poison(*driver_, kInputPoison, stream));
  const ExponentRange exponents = AdversarialExponents(problem_);
  FillArgs args{};
  args.matrix = ToReferenceMatrix(layout, buffer.pointer());
  args.seed = static_cast<unsigned long long>(kind_) * 16 + static_cast<unsigned>(which);
  args.adversarial = kind_ == bench::INPUT_KIND_ADVERSARIAL;
  args.scales = which == v1::OPERAND_SCALE_A || which == v1::OPERAND_SCALE_B;
  args.exponent_low = exponents.low;
  args.exponent_high = exponents.high;
  args.has_k = which == v1::OPERAND_A || which == v1::OPERAND_B;
  args.negate_fold = which == v1::OPERAND_B;
  args.k_along_rows = which == v1::OPERAND_A
                          ? problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED
                          : problem_.b_layout() != v1::OPERAND_LAYOUT_TRANSPOSED;
  return kernels.Fill(args, stream);
}

absl::Status BenchInputs::Restore(const ReferenceKernels& kernels, CUstream stream) {
  RETURN_IF_ERROR(FillMatrix(LayoutOf(problem_, v1::OPERAND_A), a_, v1::OPERAND_A, kernels,
                             stream));
  RETURN_IF_ERROR(FillMatrix(LayoutOf(problem_, v1::OPERAND_B), b_, v1::OPERAND_B, kernels,
                             stream));
  RETURN_IF_ERROR(FillMatrix(LayoutOf(problem_, v1::OPERAND_C), c_, v1::OPERAND_C, kernels,
                             stream));
  RETURN_IF_ERROR(FillMatrix(BiasLayout(problem_), bias_, 0, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(ScaleLayout(problem_, v1::OPERAND_SCALE_A), scale_a_,
                             v1::OPERAND_SCALE_A, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(ScaleLayout(problem_, v1::OPERAND_SCALE_B), scale_b_,
                             v1::OPERAND_SCALE_B, kernels, stream));
  if (scale_d_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(scale_d_.Poison(*driver_, kInputPoison, stream));
  return driver_->Check(driver_->cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(scale_d_.pointer()),
                                                  absl::bit_cast<unsigned>(kScaleD), 1, stream),
                        "setting the scale of D");
}

float BenchInputs::ScaleD() const { return scale_d_.empty() ? 1.0f : kScaleD; }

absl::Status BenchInputs::Make(bench::InputKind kind, const ReferenceKernels& kernels,
                               CUstream stream) {
  kind_ = kind;
  RETURN_IF_ERROR(Restore(kernels, stream));
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemcpyHtoDAsync(device_rows_.address(), rows_.data(),
                                 rows_.size() * sizeof(int64_t), stream),
      "copying the list of rows"));
  RETURN_IF_ERROR(ComputeReference(kernels, stream));
  return driver_->Check(driver_->cuStreamSynchronize(stream), "computing the reference");
}

absl::Status BenchInputs::ComputeReference(const ReferenceKernels& kernels,
                                           CUstream stream) const {
  const v1::Epilogue& epilogue = problem_.epilogue();
  ReferenceGemmArgs args{};
  args.a = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_A), a_.pointer());
  args.b = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_B), b_.pointer());
  args.source = ToReferenceMatrix(LayoutOf(problem_, v1::OPERAND_C), c_.pointer());
  args.bias = bias_.empty() ? nullptr : bias_.pointer();
  args.scale_a = scale_a_.empty() ? nullptr : static_cast<const float*>(scale_a_.pointer());
  args.scale_b = scale_b_.empty() ? nullptr : static_cast<const float*>(scale_b_.pointer());
  args.scale_d = static_cast<double>(ScaleD());
  args.scaling = problem_.scaling_mode();
  args.rows = As<const long long>(device_rows_);
  args.expected = As<double>(expected_);
  args.bound = As<double>(bound_);
  args.size = As<float>(size_);
  args.expected_aux = As<double>(expected_aux_);
  args.bound_aux = As<double>(bound_aux_);
  args.size_aux = As<float>(size_aux_);
  args.alpha = static_cast<double>(AlphaOf(kind_, problem_));
  args.beta = static_cast<double>(BetaOf(kind_, problem_));
  args.tolerance = ToleranceFor(problem_, kind_ == bench::INPUT_KIND_ADVERSARIAL);
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
  return kernels.Gemm(args, stream);
}

void BenchInputs::Bind(GemmOperands& operands) const {
  operands.a = a_.pointer();
  operands.b = b_.pointer();
  operands.c = c_.empty() ? nullptr : c_.pointer();
  operands.bias = bias_.empty() ? nullptr : bias_.pointer();
  operands.scale_a = scale_a_.empty() ? nullptr : static_cast<const float*>(scale_a_.pointer());
  operands.scale_b = scale_b_.empty() ? nullptr : static_cast<const float*>(scale_b_.pointer());
  operands.scale_d = scale_d_.empty() ? nullptr : static_cast<const float*>(scale_d_.pointer());
  operands.alpha = AlphaOf(kind_, problem_);
  operands.beta = BetaOf(kind_, problem_);
  operands.seed = 20240229;
  operands.offset = 0;
}

absl::Status BenchInputs::EnqueueChecksum(const ReferenceKernels& kernels,
                                          unsigned long long* sum, CUstream stream) const {
  for (const GuardedBuffer* buffer : {&a_, &b_, &c_, &bias_, &scale_a_, &scale_b_, &scale_d_}) {
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
                                         v1::Precision precision, void* data, CheckCounts* counts,
                                         CUstream stream) const {
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
  args.floor = aux ? tolerance.aux_floor : tolerance.output_floor;
  // Where D saturates Inf is never right.
  const double d_largest = tolerance.output_saturates ? HUGE_VAL : tolerance.output_largest;
  args.largest = aux ? tolerance.aux_largest : d_largest;
  args.row_count = static_cast<long long>(rows_.size());
  args.counts = counts;
  return kernels.Compare(args, stream);
}

double NeededBytes(const v1::GemmProblem& problem) {
  double bytes = 0;
  for (const v1::Operand operand : {v1::OPERAND_A, v1::OPERAND_B, v1::OPERAND_C}) {
    bytes += static_cast<double>(LayoutOf(problem, operand).SpanBytes());
  }
  for (const v1::Operand operand : {v1::OPERAND_SCALE_A, v1::OPERAND_SCALE_B}) {
    bytes += static_cast<double>(ScaleLayout(problem, operand).SpanBytes());
  }
  // Outputs are there twice, for the comparison of two runs.
  bytes += 2.0 * static_cast<double>(LayoutOf(problem, v1::OPERAND_D).SpanBytes());
  bytes += 2.0 * static_cast<double>(LayoutOf(problem, v1::OPERAND_AUX).SpanBytes());
  const double reference = static_cast<double>(RowsToCheck(problem).size()) *
                           static_cast<double>(problem.n()) * (2 * sizeof(double) + sizeof(float));
  return bytes + reference * (HasAux(problem) ? 2 : 1);
}

}  // namespace tilewright
