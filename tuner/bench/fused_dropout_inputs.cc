#include "tuner/bench/fused_dropout_inputs.h"

#include <utility>

#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/status_macros.h"
#include "tuner/model/tolerance.h"

namespace tilewright {
namespace {

// 0xFF in every byte is NaN in every float type.
constexpr unsigned char kInputPoison = 0xFF;
constexpr uint64_t kSeed = 20240229;
// Both words of the counter have bits of it.
constexpr uint64_t kOffset = 0x5DEECE66D123;
constexpr float kEpsilon = 1e-5f;

// Magnitudes over which rows differ by far more than a sum has bits, and which neither squares nor
// products of four leave the range of fp32 with; fp16 has less of it.
void SetExponents(v1::DataType type, FillArgs& args) {
  args.exponent_low = type == v1::DATA_TYPE_FP16 ? -12 : -20;
  args.exponent_high = type == v1::DATA_TYPE_FP16 ? 5 : 10;
}

ReferenceDropout DropoutOf(const v1::FusedDropoutProblem& problem) {
  ReferenceDropout dropout{};
  const uint32_t threshold = QuantizeProbability(problem.dropout().probability());
  if (threshold == 0) return dropout;
  dropout.seed = kSeed;
  dropout.offset = kOffset;
  dropout.threshold = threshold;
  dropout.scale = static_cast<double>(DropoutScale(threshold));
  dropout.rounds = problem.dropout().philox_rounds();
  return dropout;
}

int OutputOf(FusedTensor tensor) {
  switch (tensor) {
    case FusedTensor::kPreNorm:
      return kFusedPreNorm;
    case FusedTensor::kDx:
      return kFusedDx;
    case FusedTensor::kResidualGradient:
      return kFusedResidualGradient;
    case FusedTensor::kMean:
      return kFusedMean;
    case FusedTensor::kInverseRoot:
      return kFusedInverseRoot;
    case FusedTensor::kBiasGradient:
      return kFusedBiasGradient;
    case FusedTensor::kWeightGradient:
      return kFusedWeightGradient;
    case FusedTensor::kShiftGradient:
      return kFusedShiftGradient;
    default:
      return kFusedY;
  }
}

bool IsStatistic(FusedTensor tensor) {
  return tensor == FusedTensor::kMean || tensor == FusedTensor::kInverseRoot;
}

}  // namespace

absl::StatusOr<FusedBuffer> AllocateFused(const DriverApi& driver, const TensorUse& use) {
  FusedBuffer buffer{use, {}};
  const int64_t row_bytes = use.layout.row_stride * StorageBytes(use.layout.type);
  ASSIGN_OR_RETURN(buffer.memory, GuardedBuffer::Allocate(driver, use.layout.SpanBytes(),
                                                          GuardedBuffer::GuardBytes(row_bytes)));
  return buffer;
}

absl::StatusOr<FusedDropoutInputs> FusedDropoutInputs::Allocate(
    const DriverApi& driver, const v1::FusedDropoutProblem& problem) {
  FusedDropoutInputs inputs(driver, problem);
  for (const TensorUse& use : TensorsOf(problem)) {
    if (use.written) continue;
    ASSIGN_OR_RETURN(FusedBuffer buffer, AllocateFused(driver, use));
    inputs.buffers_.push_back(std::move(buffer));
  }
  if (Normalizes(problem)) {
    ASSIGN_OR_RETURN(
        inputs.row_terms_,
        DeviceMemory::Allocate(driver, problem.rows() * static_cast<int64_t>(sizeof(FusedRow))));
  }
  if (ColumnSums(problem) > 0) {
    ASSIGN_OR_RETURN(inputs.column_terms_,
                     DeviceMemory::Allocate(
                         driver, problem.columns() * static_cast<int64_t>(sizeof(FusedColumn))));
  }
  return inputs;
}

const FusedBuffer* FusedDropoutInputs::Find(FusedTensor tensor) const {
  for (const FusedBuffer& buffer : buffers_) {
    if (FusedTensorOf(buffer.use) == tensor) return &buffer;
  }
  return nullptr;
}

ReferenceMatrix FusedDropoutInputs::MatrixOf(FusedTensor tensor) const {
  const FusedBuffer* const buffer = Find(tensor);
  return buffer == nullptr ? ReferenceMatrix{}
                           : ToReferenceMatrix(buffer->use.layout, buffer->memory.pointer());
}

FusedReferenceArgs FusedDropoutInputs::ReferenceOf() const {
  FusedReferenceArgs args{};
  args.x = MatrixOf(FusedTensor::kX);
  args.bias = MatrixOf(FusedTensor::kBias);
  args.residual = MatrixOf(FusedTensor::kResidual);
  args.weight = MatrixOf(FusedTensor::kWeight);
  args.shift = MatrixOf(FusedTensor::kShift);
  args.dy = MatrixOf(FusedTensor::kDy);
  args.pre_norm_gradient = MatrixOf(FusedTensor::kPreNormGradient);
  args.pre_norm = MatrixOf(FusedTensor::kPreNorm);
  args.mean = static_cast<float*>(MatrixOf(FusedTensor::kMean).data);
  args.inverse_root = static_cast<float*>(MatrixOf(FusedTensor::kInverseRoot).data);
  args.row_terms = static_cast<FusedRow*>(row_terms_.pointer());
  args.column_terms = static_cast<FusedColumn*>(column_terms_.pointer());
  args.dropout = DropoutOf(problem_);
  args.epsilon = static_cast<double>(kEpsilon);
  args.rows = problem_.rows();
  args.columns = problem_.columns();
  args.activation = problem_.activation();
  args.normalizes = Normalizes(problem_);
  args.centers = Centers(problem_);
  args.backward = problem_.backward();
  return args;
}

absl::Status FusedDropoutInputs::Fill(const FusedBuffer& buffer, const ReferenceKernels& kernels,
                                      CUstream stream) const {
  RETURN_IF_ERROR(buffer.memory.Poison(*driver_, kInputPoison, stream));
  if (IsStatistic(FusedTensorOf(buffer.use)))
    return absl::OkStatus();  // Made with the rows' terms.
  if (FusedTensorOf(buffer.use) == FusedTensor::kMask) {
    FusedMaskArgs args{};
    args.mask = static_cast<unsigned char*>(buffer.memory.pointer());
    args.dropout = DropoutOf(problem_);
    args.rows = problem_.rows();
    args.columns = problem_.columns();
    args.beyond = kind_ == bench::INPUT_KIND_ADVERSARIAL;
    return kernels.FusedMask(args, stream);
  }
  FillArgs args{};
  args.matrix = ToReferenceMatrix(buffer.use.layout, buffer.memory.pointer());
  args.seed = static_cast<unsigned long long>(kind_) * 64 +
              static_cast<unsigned>(FusedTensorOf(buffer.use));
  args.adversarial = kind_ == bench::INPUT_KIND_ADVERSARIAL;
  SetExponents(buffer.use.layout.type, args);
  return kernels.Fill(args, stream);
}

absl::Status FusedDropoutInputs::Restore(const ReferenceKernels& kernels, CUstream stream) {
  for (const FusedBuffer& buffer : buffers_) RETURN_IF_ERROR(Fill(buffer, kernels, stream));
  return row_terms_.bytes() > 0 ? kernels.FusedRows(ReferenceOf(), stream) : absl::OkStatus();
}

absl::Status FusedDropoutInputs::Make(bench::InputKind kind, const ReferenceKernels& kernels,
                                      CUstream stream) {
  kind_ = kind;
  RETURN_IF_ERROR(Restore(kernels, stream));
  if (column_terms_.bytes() == 0) return absl::OkStatus();
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemsetD8Async(column_terms_.address(), 0,
                               static_cast<std::size_t>(column_terms_.bytes()), stream),
      "clearing the sums of columns"));
  return kernels.FusedColumns(ReferenceOf(), stream);
}

void FusedDropoutInputs::Bind(FusedDropoutArguments& operands) const {
  for (const FusedBuffer& buffer : buffers_) {
    SetPointer(FusedTensorOf(buffer.use), buffer.memory.pointer(), operands);
  }
  operands.epsilon = kEpsilon;
  operands.seed = kSeed;
  operands.offset = kOffset;
}

absl::Status FusedDropoutInputs::EnqueueChecksum(const ReferenceKernels& kernels,
                                                 unsigned long long* sum, CUstream stream) const {
  for (const FusedBuffer& buffer : buffers_) {
    ChecksumArgs args{};
    args.data = static_cast<const unsigned int*>(buffer.memory.memory().pointer());
    args.words = buffer.memory.memory().bytes() / 4;
    args.sum = sum;
    RETURN_IF_ERROR(kernels.Checksum(args, stream));
  }
  return absl::OkStatus();
}

absl::Status FusedDropoutInputs::EnqueueCompare(const ReferenceKernels& kernels,
                                                const FusedBuffer& output, CheckCounts* counts,
                                                CUstream stream) const {
  if (FusedTensorOf(output.use) == FusedTensor::kMask) {
    MaskArgs args{};
    args.mask = static_cast<const unsigned char*>(output.memory.pointer());
    args.dropout = DropoutOf(problem_);
    args.batch = 1;
    args.rows = problem_.rows();
    args.columns = problem_.columns();
    args.counts = counts;
    return kernels.Mask(args, stream);
  }
  FusedCompareArgs args{};
  args.problem = ReferenceOf();
  args.output = ToReferenceMatrix(output.use.layout, output.memory.pointer());
  args.stored = RoundingOf(output.use.layout.type);
  args.which = OutputOf(FusedTensorOf(output.use));
  args.counts = counts;
  return kernels.FusedCompare(args, stream);
}

double NeededBytes(const v1::FusedDropoutProblem& problem) {
  double bytes = 0;
  if (Normalizes(problem)) bytes += static_cast<double>(problem.rows()) * sizeof(FusedRow);
  if (ColumnSums(problem) > 0)
    bytes += static_cast<double>(problem.columns()) * sizeof(FusedColumn);
  for (const TensorUse& use : TensorsOf(problem)) {
    // Outputs are there twice, for the comparison of two runs.
    bytes += (use.written ? 2 : 1) * static_cast<double>(use.layout.SpanBytes());
  }
  return bytes;
}

}  // namespace tilewright
