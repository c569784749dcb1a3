#include "tuner/bench/fused_dropout_reference.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"
#include "tuner/model/tolerance.h"

namespace tilewright {
namespace {

constexpr uint64_t kSeed = 20240229;
// It has bits in both words of the counter.
constexpr uint64_t kOffset = 0x5DEECE66D123;
constexpr float kEpsilon = 1e-5f;

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

std::string PlaceOf(const TensorUse& use, unsigned long long index) {
  const auto columns = static_cast<unsigned long long>(use.layout.columns);
  if (FusedTensorOf(use) == FusedTensor::kMask) {
    return absl::StrCat("row ", index / columns, " column ", index % columns * 8);
  }
  return use.layout.rows == 1 ? absl::StrCat("element ", index)
                              : absl::StrCat("row ", index / columns, " column ", index % columns);
}

}  // namespace

double FusedDropoutReference::Bytes() const {
  double bytes = 0;
  if (Normalizes(problem_)) bytes += static_cast<double>(problem_.rows()) * sizeof(FusedRow);
  if (ColumnSums(problem_) > 0) {
    bytes += static_cast<double>(problem_.columns()) * sizeof(FusedColumn);
  }
  return bytes;
}

absl::Status FusedDropoutReference::Allocate(const DriverApi& driver) {
  if (Normalizes(problem_)) {
    ASSIGN_OR_RETURN(
        row_terms_,
        DeviceMemory::Allocate(driver, problem_.rows() * static_cast<int64_t>(sizeof(FusedRow))));
  }
  if (ColumnSums(problem_) > 0) {
    ASSIGN_OR_RETURN(column_terms_,
                     DeviceMemory::Allocate(
                         driver, problem_.columns() * static_cast<int64_t>(sizeof(FusedColumn))));
  }
  return absl::OkStatus();
}

ReferenceDropout FusedDropoutReference::Dropout() const {
  return ReferenceDropoutOf(problem_.dropout(), kSeed, kOffset);
}

ReferenceMatrix FusedDropoutReference::InputMatrix(FusedTensor tensor) const {
  return inputs().MatrixOf(static_cast<int>(tensor));
}

FusedReferenceArgs FusedDropoutReference::Arguments() const {
  FusedReferenceArgs args{};
  args.x = InputMatrix(FusedTensor::kX);
  args.bias = InputMatrix(FusedTensor::kBias);
  args.residual = InputMatrix(FusedTensor::kResidual);
  args.weight = InputMatrix(FusedTensor::kWeight);
  args.shift = InputMatrix(FusedTensor::kShift);
  args.dy = InputMatrix(FusedTensor::kDy);
  args.pre_norm_gradient = InputMatrix(FusedTensor::kPreNormGradient);
  args.pre_norm = InputMatrix(FusedTensor::kPreNorm);
  args.mean = static_cast<float*>(InputMatrix(FusedTensor::kMean).data);
  args.inverse_root = static_cast<float*>(InputMatrix(FusedTensor::kInverseRoot).data);
  args.row_terms = static_cast<FusedRow*>(row_terms_.pointer());
  args.column_terms = static_cast<FusedColumn*>(column_terms_.pointer());
  args.dropout = Dropout();
  args.epsilon = static_cast<double>(kEpsilon);
  args.rows = problem_.rows();
  args.columns = problem_.columns();
  args.activation = problem_.activation();
  args.normalizes = Normalizes(problem_);
  args.centers = Centers(problem_);
  args.backward = problem_.backward();
  return args;
}

absl::Status FusedDropoutReference::FillInput(const DeviceTensor& input,
                                              const ReferenceKernels& kernels) const {
  switch (FusedTensorOf(input.use)) {
    case FusedTensor::kMean:
    case FusedTensor::kInverseRoot:
      return absl::OkStatus();  // The kernel of the rows' terms writes it.
    case FusedTensor::kMask: {
      FusedMaskArgs args{};
      args.mask = static_cast<unsigned char*>(input.memory.pointer());
      args.dropout = Dropout();
      args.rows = problem_.rows();
      args.columns = problem_.columns();
      args.beyond = IsAdversarial();
      return kernels.RunOver("tilewright_reference_fused_mask", args.rows * (args.columns / 8 + 2),
                             &args);
    }
    default: {
      FillArgs args = FillArgsOf(input);
      // With these magnitudes rows differ by far more than a sum has bits, but neither squares nor
      // products of four leave the range of fp32. The range of fp16 is smaller.
      const bool is_fp16 = input.use.layout.type == v1::DATA_TYPE_FP16;
      args.exponent_low = is_fp16 ? -12 : -20;
      args.exponent_high = is_fp16 ? 5 : 10;
      return kernels.Fill(args);
    }
  }
}

absl::Status FusedDropoutReference::Fill(const ReferenceKernels& kernels) {
  for (const DeviceTensor& input : inputs()) RETURN_IF_ERROR(FillInput(input, kernels));
  if (!Normalizes(problem_)) return absl::OkStatus();
  // One block for each row.
  const FusedReferenceArgs args = Arguments();
  return kernels.RunOver("tilewright_reference_fused_rows", args.rows * ReferenceKernels::kThreads,
                         &args);
}

absl::Status FusedDropoutReference::Compute(const ReferenceKernels& kernels) {
  if (ColumnSums(problem_) == 0) return absl::OkStatus();
  RETURN_IF_ERROR(kernels.Clear(column_terms_.address(), column_terms_.bytes()));
  constexpr int64_t kRowsOfThread = 64;
  const FusedReferenceArgs args = Arguments();
  return kernels.RunOver("tilewright_reference_fused_columns",
                         (args.rows / kRowsOfThread + 1) * args.columns, &args);
}

void FusedDropoutReference::SetScalars(FusedDropoutArguments& operands) const {
  operands.epsilon = Normalizes(problem_) ? kEpsilon : std::nanf("");
  operands.seed = kSeed;
  operands.offset = kOffset;
}

absl::Status FusedDropoutReference::Compare(const DeviceTensor& output, const DeviceTensors&,
                                            const Arithmetic&, CheckCounts* counts,
                                            const ReferenceKernels& kernels) const {
  if (FusedTensorOf(output.use) == FusedTensor::kMask) {
    MaskArgs args{};
    args.mask = static_cast<const unsigned char*>(output.memory.pointer());
    args.dropout = Dropout();
    args.batch = 1;
    args.rows = problem_.rows();
    args.columns = problem_.columns();
    args.counts = counts;
    return kernels.Mask(args);
  }
  FusedCompareArgs args{};
  args.problem = Arguments();
  args.output = ToReferenceMatrix(output);
  args.stored = RoundingOf(output.use.layout.type);
  args.which = OutputOf(FusedTensorOf(output.use));
  args.counts = counts;
  return kernels.RunOver("tilewright_reference_fused_compare",
                         args.output.rows * args.output.columns, &args);
}

std::optional<std::string> FusedDropoutReference::WrongValues(const OutputFindings& output,
                                                              const CheckFindings&) const {
  const CheckCounts& counts = output.counts;
  const std::string name = NameOf(output.use);
  if (counts.wrong > 0)
    return WrongElements(name, counts, PlaceOf(output.use, ~counts.first_wrong));
  // On our inputs only values that fp16 cannot hold may be Inf, and the comparison of every element
  // has already judged those.
  if (counts.non_finite == 0 || output.use.layout.type == v1::DATA_TYPE_FP16) return std::nullopt;
  return NonFiniteElements(name, counts);
}

double FusedDropoutReference::RelativeErrorOf(const CheckFindings& findings) const {
  double error = 0;
  for (const OutputFindings& output : findings.outputs) {
    error = std::max(error, RelativeError(output.counts));
  }
  return error;
}

}  // namespace tilewright
