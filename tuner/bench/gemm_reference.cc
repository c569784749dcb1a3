#include "tuner/bench/gemm_reference.h"

#include <algorithm>
#include <cmath>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/check_rows.h"
#include "tuner/model/tolerance.h"

namespace tilewright {
namespace {

// The scale of D. It is no power of two, so a kernel that omits it, or rounds before it, fails.
constexpr float kScaleD = 1.375f;

// Every field of the counter has bits set.
constexpr uint64_t kSeed = 0x9E3779B97F4A7C15;
constexpr uint64_t kOffset = (uint64_t{5} << 32) + 3;

template <typename T>
T* As(const DeviceMemory& memory) {
  return static_cast<T*>(memory.pointer());
}

// The scales of B's blocks without their padding along k.
MatrixLayout BlockScalesOfB(const v1::GemmProblem& problem, MatrixLayout layout) {
  layout.rows = std::max<int64_t>(problem.batch(), 1) * CeilDiv(problem.n(), kScaledBlock);
  layout.row_stride = layout.columns / layout.rows;
  layout.columns = CeilDiv(problem.k(), kScaledBlock);
  return layout;
}

absl::Status SetValue(const GuardedBuffer& buffer, float value, const ReferenceKernels& kernels) {
  const DriverApi& driver = kernels.driver();
  return driver.Check(driver.cuMemsetD32Async(buffer.address(), absl::bit_cast<unsigned>(value), 1,
                                              kernels.stream()),
                      "setting a scalar");
}

const OutputFindings* FindingsOf(GemmTensor tensor, const CheckFindings& findings) {
  for (const OutputFindings& output : findings.outputs) {
    if (GemmTensorOf(output.use) == tensor) return &output;
  }
  return nullptr;
}

}  // namespace

GemmReference::GemmReference(const v1::GemmProblem& problem)
    : problem_(problem), rows_(RowsToCheck(problem)) {}

double GemmReference::Bytes() const {
  const double elements = static_cast<double>(rows_.size()) * static_cast<double>(problem_.n());
  return elements * (2 * sizeof(double) + 2 * sizeof(float)) *
         (WritesAux(problem_.epilogue()) ? 2 : 1);
}

absl::Status GemmReference::Expected::Allocate(const DriverApi& driver, int64_t elements) {
  const int64_t bytes = elements * static_cast<int64_t>(sizeof(double));
  ASSIGN_OR_RETURN(value, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(bound, DeviceMemory::Allocate(driver, bytes));
  ASSIGN_OR_RETURN(size,
                   DeviceMemory::Allocate(driver, elements * static_cast<int64_t>(sizeof(float))));
  return absl::OkStatus();
}

absl::Status GemmReference::Allocate(const DriverApi& driver) {
  const auto allocate = [&](int64_t count, std::size_t size, DeviceMemory& memory) -> absl::Status {
    auto allocated = DeviceMemory::Allocate(driver, count * static_cast<int64_t>(size));
    RETURN_IF_ERROR(allocated.status());
    memory = *std::move(allocated);
    return absl::OkStatus();
  };
  const int64_t rows = static_cast<int64_t>(rows_.size());
  const int64_t elements = rows * problem_.n();
  RETURN_IF_ERROR(allocate(rows, sizeof(int64_t), device_rows_));
  RETURN_IF_ERROR(d_.Allocate(driver, elements));
  if (const GridSize grid = ReferenceGrid(rows, problem_.n(), problem_.k()); grid.z > 1) {
    RETURN_IF_ERROR(allocate(int64_t{grid.x} * grid.y, sizeof(unsigned), arrived_));
  }
  if (SplitsEpilogue(problem_)) RETURN_IF_ERROR(allocate(elements, sizeof(float), size_z_));
  if (problem_.epilogue().bias_gradient()) {
    RETURN_IF_ERROR(allocate(problem_.n(), sizeof(ColumnTotals), totals_));
  }
  return WritesAux(problem_.epilogue()) ? aux_.Allocate(driver, elements) : absl::OkStatus();
}

// Tells if an input matters. C does not if beta is 0, and Aux does not without an activation.
bool GemmReference::IsRead(GemmTensor tensor) const {
  const v1::Epilogue& epilogue = problem_.epilogue();
  if (tensor == GemmTensor::kAux) return epilogue.activation() > v1::ACTIVATION_NONE;
  return tensor != GemmTensor::kC || !Accumulates(epilogue) || Beta() != 0.0f;
}

absl::Status GemmReference::FillInput(const DeviceTensor& input,
                                      const ReferenceKernels& kernels) const {
  const GemmTensor tensor = GemmTensorOf(input.use);
  FillArgs args = FillArgsOf(input);
  const ExponentRange exponents = AdversarialExponents(problem_);
  args.exponent_low = exponents.low;
  args.exponent_high = exponents.high;
  switch (tensor) {
    case GemmTensor::kScaleD:
      return SetValue(input.memory, kScaleD, kernels);
    case GemmTensor::kDeviceAlpha:
      return SetValue(input.memory, Alpha(), kernels);
    case GemmTensor::kDeviceBeta:
      return SetValue(input.memory, Beta(), kernels);
    case GemmTensor::kA:
      args.has_k = 1;
      args.k_along_rows = problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
      break;
    case GemmTensor::kB:
      args.has_k = 1;
      args.k_along_rows = problem_.b_layout() != v1::OPERAND_LAYOUT_TRANSPOSED;
      args.negate_fold = 1;
      break;
    case GemmTensor::kScaleA:
    case GemmTensor::kScaleB:
      args.scales = 1;
      if (tensor == GemmTensor::kScaleB && problem_.scaling_mode() == v1::SCALING_MODE_BLOCK_128) {
        args.matrix =
            ToReferenceMatrix(BlockScalesOfB(problem_, input.use.layout), input.memory.pointer());
      }
      break;
    default:
      break;
  }
  return IsRead(tensor) ? kernels.Fill(args) : absl::OkStatus();
}

absl::Status GemmReference::Fill(const ReferenceKernels& kernels) {
  for (const DeviceTensor& input : inputs()) RETURN_IF_ERROR(FillInput(input, kernels));
  return absl::OkStatus();
}

// Returns the alpha for the current input. An int32 D takes the sum unchanged.
float GemmReference::Alpha() const {
  const bool plain = kind() != bench::INPUT_KIND_NORMAL || problem_.d_type() == v1::DATA_TYPE_INT32;
  return static_cast<float>(AlphaForRange(problem_, IsAdversarial())) * (plain ? 1.0f : 0.75f);
}

// Returns the beta for the current input. The adversarial input has a C that must not be read.
float GemmReference::Beta() const {
  if (!HasSource(problem_.epilogue()) || IsAdversarial()) return 0.0f;
  return kind() == bench::INPUT_KIND_NORMAL ? 0.5f : 1.0f;
}

float GemmReference::ScaleD() const { return problem_.epilogue().scale_d() ? kScaleD : 1.0f; }

void GemmReference::SetScalars(GemmArguments& operands) const {
  const v1::Epilogue& epilogue = problem_.epilogue();
  const float unread = std::nanf("");
  operands.alpha = epilogue.device_scalars() ? unread : Alpha();
  operands.beta = epilogue.device_scalars() || !Accumulates(epilogue) ? unread : Beta();
  operands.seed = kSeed;
  operands.offset = kOffset;
}

ReferenceDropout GemmReference::Dropout() const {
  return ReferenceDropoutOf(problem_.epilogue().dropout(), kSeed, kOffset);
}

ReferenceMatrix GemmReference::InputMatrix(GemmTensor tensor) const {
  return inputs().MatrixOf(static_cast<int>(tensor));
}

absl::Status GemmReference::Compute(const ReferenceKernels& kernels) {
  const DriverApi& driver = kernels.driver();
  RETURN_IF_ERROR(
      driver.Check(driver.cuMemcpyHtoDAsync(device_rows_.address(), rows_.data(),
                                            rows_.size() * sizeof(int64_t), kernels.stream()),
                   "copying the list of rows"));
  const v1::Epilogue& epilogue = problem_.epilogue();
  ReferenceGemmArgs args{};
  args.a = InputMatrix(GemmTensor::kA);
  args.b = InputMatrix(GemmTensor::kB);
  args.source = InputMatrix(GemmTensor::kC);
  args.z = InputMatrix(GemmTensor::kAux);
  args.bias = InputMatrix(GemmTensor::kBias).data;
  args.scale_a = static_cast<const float*>(InputMatrix(GemmTensor::kScaleA).data);
  args.scale_b = static_cast<const float*>(InputMatrix(GemmTensor::kScaleB).data);
  args.scale_d = static_cast<double>(ScaleD());
  args.scaling = problem_.scaling_mode();
  args.rows = As<const long long>(device_rows_);
  args.expected = As<double>(d_.value);
  args.bound = As<double>(d_.bound);
  args.size = As<float>(d_.size);
  args.size_z = As<float>(size_z_);
  args.expected_aux = As<double>(aux_.value);
  args.bound_aux = As<double>(aux_.bound);
  args.size_aux = As<float>(aux_.size);
  args.alpha = static_cast<double>(Alpha());
  args.beta = static_cast<double>(Beta());
  args.tolerance = ToleranceFor(problem_, IsAdversarial());
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
  return kernels.Gemm(args);
}

absl::Status GemmReference::Compare(const DeviceTensor& output, const DeviceTensors& outputs,
                                    const Arithmetic& arithmetic, CheckCounts* counts,
                                    const ReferenceKernels& kernels) const {
  switch (GemmTensorOf(output.use)) {
    case GemmTensor::kD:
    case GemmTensor::kAux:
      return CompareMatrix(output, arithmetic, counts, kernels);
    case GemmTensor::kMask:
      return CompareMask(output, counts, kernels);
    case GemmTensor::kBiasGradient:
      return CompareBiasGradient(output, outputs, counts, kernels);
    default:
      return absl::OkStatus();  // WrongValues checks flags.
  }
}

absl::Status GemmReference::CompareMatrix(const DeviceTensor& output, const Arithmetic& arithmetic,
                                          CheckCounts* counts,
                                          const ReferenceKernels& kernels) const {
  const bool is_aux = GemmTensorOf(output.use) == GemmTensor::kAux;
  const Expected& expected = is_aux ? aux_ : d_;
  const ReferenceTolerance tolerance =
      ToleranceFor(problem_, arithmetic.precision, IsAdversarial());
  CompareArgs args{};
  args.output = ToReferenceMatrix(output);
  args.rows = As<const long long>(device_rows_);
  args.expected = As<const double>(expected.value);
  args.bound = As<const double>(expected.bound);
  args.size = As<const float>(expected.size);
  args.sum = tolerance.sum;
  // An auxiliary output is what passes between the launches, so it is rounded once.
  if (arithmetic.splits_epilogue && !is_aux) {
    args.size_z = As<const float>(size_z_);
    args.split = RoundingOf(SplitType(problem_)).unit;
  }
  const ReferenceStored& stored = is_aux ? tolerance.aux : tolerance.output;
  args.floor = stored.floor;
  // If an output saturates, Inf is always wrong.
  args.largest = stored.saturates ? HUGE_VAL : stored.largest;
  args.row_count = static_cast<long long>(rows_.size());
  args.counts = counts;
  return kernels.Compare(args);
}

absl::Status GemmReference::CompareMask(const DeviceTensor& mask, CheckCounts* counts,
                                        const ReferenceKernels& kernels) const {
  MaskArgs args{};
  args.mask = static_cast<const unsigned char*>(mask.memory.pointer());
  args.dropout = Dropout();
  args.batch = problem_.batch();
  args.rows = problem_.m();
  args.columns = problem_.n();
  args.counts = counts;
  return kernels.Mask(args);
}

// Compares with the sums of D's columns.
absl::Status GemmReference::CompareBiasGradient(const DeviceTensor& sums,
                                                const DeviceTensors& outputs, CheckCounts* counts,
                                                const ReferenceKernels& kernels) const {
  RETURN_IF_ERROR(kernels.Clear(totals_.address(), totals_.bytes()));
  ColumnTotalsArgs add{};
  add.output = outputs.MatrixOf(static_cast<int>(GemmTensor::kD));
  add.rounding = OutputRounding(problem_);
  add.totals = As<ColumnTotals>(totals_);
  RETURN_IF_ERROR(kernels.AddColumns(add));
  CompareColumnsArgs args{};
  args.sums = static_cast<const float*>(sums.memory.pointer());
  args.totals = add.totals;
  args.scale_d = static_cast<double>(ScaleD());
  args.column_sum = ToleranceFor(problem_, false).column_sum;
  args.columns = problem_.n();
  args.counts = counts;
  return kernels.CompareColumns(args);
}

std::string GemmReference::NameOf(const TensorUse& use) const {
  switch (GemmTensorOf(use)) {
    case GemmTensor::kD:
      return "D";
    case GemmTensor::kMask:
      return "the mask";
    case GemmTensor::kBiasGradient:
      return "the bias gradient";
    default:
      return use.name;
  }
}

// Returns "batch 0 row 17 column 3" for element `index` of the compared rows.
std::string GemmReference::PlaceInMatrix(unsigned long long index) const {
  const auto n = static_cast<unsigned long long>(problem_.n());
  const std::size_t listed = static_cast<std::size_t>(index / n);
  if (listed >= rows_.size()) return "an unknown place";
  return absl::StrCat("batch ", rows_[listed] / problem_.m(), " row ", rows_[listed] % problem_.m(),
                      " column ", index % n);
}

std::optional<std::string> GemmReference::WrongAmax(const OutputFindings& amax,
                                                    const CheckFindings& findings) const {
  const float value = absl::bit_cast<float>(amax.word);
  const float largest =
      absl::bit_cast<float>(FindingsOf(GemmTensor::kD, findings)->counts.largest_bits);
  // amax is taken before D is scaled and rounded.
  const ReferenceTolerance tolerance = ToleranceFor(problem_, false);
  const double allowed = 2 * tolerance.output.unit * largest + tolerance.output.floor;
  double scaled = static_cast<double>(value) * static_cast<double>(ScaleD());
  if (tolerance.output.saturates) scaled = std::min(scaled, tolerance.output.largest);
  if (std::abs(scaled - static_cast<double>(largest)) <= allowed) return std::nullopt;
  return absl::StrCat("amax is ", value, ", but the largest value of D is ", largest);
}

std::optional<std::string> GemmReference::WrongValues(const OutputFindings& output,
                                                      const CheckFindings& findings) const {
  const CheckCounts& counts = output.counts;
  const unsigned long long first = ~counts.first_wrong;
  switch (GemmTensorOf(output.use)) {
    case GemmTensor::kMask: {
      if (counts.wrong == 0) return std::nullopt;
      const int64_t row_bytes = output.use.layout.columns;
      const int64_t row = static_cast<int64_t>(first) / row_bytes;
      return absl::StrCat(counts.wrong, " bytes of the mask are wrong, the first at batch ",
                          row / problem_.m(), " row ", row % problem_.m(), " column ",
                          static_cast<int64_t>(first) % row_bytes * 8);
    }
    case GemmTensor::kBiasGradient:
      if (counts.wrong == 0) return std::nullopt;
      return absl::StrCat(counts.wrong,
                          " elements of the bias gradient are not the sums of their columns of D, "
                          "the first at column ",
                          first);
    case GemmTensor::kAmax:
      return WrongAmax(output, findings);
    case GemmTensor::kNonFinite: {
      const uint32_t expected = FindingsOf(GemmTensor::kD, findings)->counts.non_finite > 0 ? 1 : 0;
      if (output.word == expected) return std::nullopt;
      return absl::StrCat("the non-finite flag is ", output.word, " instead of ", expected);
    }
    default:
      if (counts.wrong > 0) return WrongElements(NameOf(output.use), counts, PlaceInMatrix(first));
      // This counts also the rows that were not compared.
      if (counts.non_finite == 0 || MayOverflow(problem_)) return std::nullopt;
      return NonFiniteElements(NameOf(output.use), counts);
  }
}

double GemmReference::RelativeErrorOf(const CheckFindings& findings) const {
  return RelativeError(FindingsOf(GemmTensor::kD, findings)->counts);
}

}  // namespace tilewright
