#include "tuner/bench/bench_inputs.h"

#include <algorithm>
#include <cmath>

#include "absl/base/casts.h"
#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/check_rows.h"
#include "tuner/model/tolerance.h"

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

// What pads the scales of blocks of B along k is no part of them.
MatrixLayout ScaleLayout(const v1::GemmProblem& problem, v1::Operand operand) {
  const int64_t elements = ScaleElements(problem, operand);
  MatrixLayout layout = VectorLayout(v1::DATA_TYPE_FP32, elements);
  if (operand == v1::OPERAND_SCALE_B && problem.scaling_mode() == v1::SCALING_MODE_BLOCK_128) {
    constexpr int64_t kBlock = 128;
    layout.rows = std::max<int64_t>(problem.batch(), 1) * CeilDiv(problem.n(), kBlock);
    layout.columns = CeilDiv(problem.k(), kBlock);
    layout.row_stride = elements / layout.rows;
  }
  return layout;
}

// What a gradient reads of the auxiliary tensor.
MatrixLayout ArgumentLayout(const v1::GemmProblem& problem) {
  return problem.epilogue().gradient() ? LayoutOf(problem, v1::OPERAND_AUX) : MatrixLayout();
}

// alpha and beta.
MatrixLayout ScalarLayout(const v1::GemmProblem& problem) {
  return VectorLayout(v1::DATA_TYPE_FP32, problem.epilogue().device_scalars() ? 2 : 0);
}

absl::StatusOr<GuardedBuffer> AllocateFor(const DriverApi& driver, const MatrixLayout& layout) {
  if (!layout.used()) return GuardedBuffer();
  return GuardedBuffer::Allocate(
      driver, layout.SpanBytes(),
      GuardedBuffer::GuardBytes(layout.row_stride * StorageBytes(layout.type)));
}

// Of D: no power of two, so that leaving it out, or rounding before it, shows.
constexpr float kScaleD = 1.375f;

// Every field of the counter is in use.
constexpr uint64_t kSeed = 0x9E3779B97F4A7C15;
constexpr uint64_t kOffset = (uint64_t{5} << 32) + 3;

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
  ASSIGN_OR_RETURN(inputs.z_, AllocateFor(driver, ArgumentLayout(problem)));
  ASSIGN_OR_RETURN(inputs.scalars_, AllocateFor(driver, ScalarLayout(problem)));
  inputs.rows_ = RowsToCheck(problem);
  const int64_t rows = static_cast<int64_t>(inputs.rows_.size());
  const int64_t bytes = rows * problem.n() * static_cast<int64_t>(sizeof(double));
  const int64_t size_bytes = rows * problem.n() * static_cast<int64_t>(sizeof(float));
  ASSIGN_OR_RETURN(inputs.device_rows_,
                   DeviceMemory::Allocate(driver, rows * static_cast<int64_t>(sizeof(int64_t))));
  ASSIGN_OR_RETURN(inputs.expected_, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(inputs.bound_, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(inputs.size_, DeviceMemory::Allocate(driver, size_bytes));
  if (const GridSize grid = ReferenceGrid(rows, problem.n(), problem.k()); grid.z > 1) {
    ASSIGN_OR_RETURN(inputs.arrived_,
                     DeviceMemory::Allocate(driver, int64_t{grid.x} * grid.y * sizeof(unsigned)));
  }
  if (SplitsEpilogue(problem)) {
    ASSIGN_OR_RETURN(inputs.size_z_, DeviceMemory::Allocate(driver, size_bytes));
  }
  if (problem.epilogue().bias_gradient()) {
    ASSIGN_OR_RETURN(
        inputs.totals_,
        DeviceMemory::Allocate(driver, problem.n() * static_cast<int64_t>(sizeof(ColumnTotals))));
  }
  if (WritesAux(problem.epilogue())) {
    ASSIGN_OR_RETURN(inputs.expected_aux_, DeviceMemory::Allocate(driver, bytes));
    ASSIGN_OR_RETURN(inputs.bound_aux_, DeviceMemory::Allocate(driver, bytes));
    ASSIGN_OR_RETURN(inputs.size_aux_, DeviceMemory::Allocate(driver, size_bytes));
  }
  return inputs;
}

const GuardedBuffer& BenchInputs::buffer(v1::Operand operand) const {
  switch (operand) {
    case v1::OPERAND_A:
      return a_;
    case v1::OPERAND_B:
      return b_;
    case v1::OPERAND_AUX:
      return z_;
    default:
      return c_;
  }
}

absl::Status BenchInputs::FillMatrix(const MatrixLayout& layout, const GuardedBuffer& buffer,
                                     int which, const ReferenceKernels& kernels,
                                     CUstream stream) const {
  if (!layout.used()) return absl::OkStatus();
  RETURN_IF_ERROR(buffer.Poison(*driver_, kInputPoison, stream));
  if (!IsRead(which)) return absl::OkStatus();
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
  args.k_along_rows = which == v1::OPERAND_A ? problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED
                                             : problem_.b_layout() != v1::OPERAND_LAYOUT_TRANSPOSED;
  return kernels.Fill(args, stream);
}

// Whether an input matters: not a C that a beta of 0 is multiplied with, nor the argument of an
// activation that there is not.
bool BenchInputs::IsRead(int which) const {
  const v1::Epilogue& epilogue = problem_.epilogue();
  if (which == v1::OPERAND_AUX) return epilogue.activation() > v1::ACTIVATION_NONE;
  return which != v1::OPERAND_C || epilogue.source_mode() != v1::SOURCE_MODE_ACCUMULATE ||
         Beta() != 0.0f;
}

absl::Status BenchInputs::Restore(const ReferenceKernels& kernels, CUstream stream) {
  RETURN_IF_ERROR(
      FillMatrix(LayoutOf(problem_, v1::OPERAND_A), a_, v1::OPERAND_A, kernels, stream));
  RETURN_IF_ERROR(
      FillMatrix(LayoutOf(problem_, v1::OPERAND_B), b_, v1::OPERAND_B, kernels, stream));
  RETURN_IF_ERROR(
      FillMatrix(LayoutOf(problem_, v1::OPERAND_C), c_, v1::OPERAND_C, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(BiasLayout(problem_), bias_, 0, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(ScaleLayout(problem_, v1::OPERAND_SCALE_A), scale_a_,
                             v1::OPERAND_SCALE_A, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(ScaleLayout(problem_, v1::OPERAND_SCALE_B), scale_b_,
                             v1::OPERAND_SCALE_B, kernels, stream));
  RETURN_IF_ERROR(FillMatrix(ArgumentLayout(problem_), z_, v1::OPERAND_AUX, kernels, stream));
  RETURN_IF_ERROR(SetValues(scale_d_, {kScaleD}, stream));
  return SetValues(scalars_, {Alpha(), Beta()}, stream);
}

absl::Status BenchInputs::SetValues(const GuardedBuffer& buffer, const std::vector<float>& values,
                                    CUstream stream) const {
  if (buffer.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(buffer.Poison(*driver_, kInputPoison, stream));
  for (std::size_t i = 0; i < values.size(); ++i) {
    RETURN_IF_ERROR(
        driver_->Check(driver_->cuMemsetD32Async(buffer.address() + i * sizeof(float),
                                                 absl::bit_cast<unsigned>(values[i]), 1, stream),
                       "setting a scalar"));
  }
  return absl::OkStatus();
}

// Which scalars go with an input. An int32 D takes the sum as it is.
float BenchInputs::Alpha() const {
  const bool plain = kind_ != bench::INPUT_KIND_NORMAL || problem_.d_type() == v1::DATA_TYPE_INT32;
  const bool adversarial = kind_ == bench::INPUT_KIND_ADVERSARIAL;
  return static_cast<float>(AlphaForRange(problem_, adversarial)) * (plain ? 1.0f : 0.75f);
}

// The adversarial one has a C that must not be read.
float BenchInputs::Beta() const {
  if (!HasSource(problem_.epilogue()) || kind_ == bench::INPUT_KIND_ADVERSARIAL) return 0.0f;
  return kind_ == bench::INPUT_KIND_NORMAL ? 0.5f : 1.0f;
}

float BenchInputs::ScaleD() const { return scale_d_.empty() ? 1.0f : kScaleD; }

absl::Status BenchInputs::Make(bench::InputKind kind, const ReferenceKernels& kernels,
                               CUstream stream) {
  kind_ = kind;
  RETURN_IF_ERROR(Restore(kernels, stream));
  RETURN_IF_ERROR(driver_->Check(driver_->cuMemcpyHtoDAsync(device_rows_.address(), rows_.data(),
                                                            rows_.size() * sizeof(int64_t), stream),
                                 "copying the list of rows"));
  RETURN_IF_ERROR(ComputeReference(kernels, stream));
  return driver_->Check(driver_->cuStreamSynchronize(stream), "computing the reference");
}

void BenchInputs::Bind(GemmArguments& operands) const {
  operands.a = a_.pointer();
  operands.b = b_.pointer();
  operands.c = c_.empty() ? nullptr : c_.pointer();
  operands.bias = bias_.empty() ? nullptr : bias_.pointer();
  operands.scale_a = scale_a_.empty() ? nullptr : static_cast<const float*>(scale_a_.pointer());
  operands.scale_b = scale_b_.empty() ? nullptr : static_cast<const float*>(scale_b_.pointer());
  operands.scale_d = scale_d_.empty() ? nullptr : static_cast<const float*>(scale_d_.pointer());
  if (!z_.empty()) operands.aux = z_.pointer();
  operands.alpha = Alpha();
  operands.beta = Beta();
  operands.seed = kSeed;
  operands.offset = kOffset;
  if (scalars_.empty()) return;
  operands.device_alpha = static_cast<const float*>(scalars_.pointer());
  operands.device_beta = operands.device_alpha + 1;
  // Not to be used.
  operands.alpha = operands.beta = std::nanf("");
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
  bytes += (WritesAux(problem.epilogue()) ? 2.0 : 1.0) *
           static_cast<double>(LayoutOf(problem, v1::OPERAND_AUX).SpanBytes());
  bytes += 2.0 * static_cast<double>(MaskBytes(problem));
  const double reference = static_cast<double>(RowsToCheck(problem).size()) *
                           static_cast<double>(problem.n()) *
                           (2 * sizeof(double) + 2 * sizeof(float));
  return bytes + reference * (WritesAux(problem.epilogue()) ? 2 : 1);
}

}  // namespace tilewright
