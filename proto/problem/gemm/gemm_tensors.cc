#include "proto/problem/gemm/gemm_tensors.h"

#include <algorithm>
#include <iterator>

#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_strides.h"

namespace tilewright {
namespace {

using P = v1::GemmProblem;

constexpr StridedOperand kStridedOperands[] = {
    {v1::OPERAND_A, "a", "gemm.lda", "gemm.a_batch_stride", true, &P::lda, &P::a_batch_stride,
     &P::set_lda, &P::set_a_batch_stride},
    {v1::OPERAND_B, "b", "gemm.ldb", "gemm.b_batch_stride", true, &P::ldb, &P::b_batch_stride,
     &P::set_ldb, &P::set_b_batch_stride},
    {v1::OPERAND_C, "c", "gemm.ldc", "gemm.c_batch_stride", true, &P::ldc, &P::c_batch_stride,
     &P::set_ldc, &P::set_c_batch_stride},
    {v1::OPERAND_D, "d", "gemm.ldd", "gemm.d_batch_stride", false, &P::ldd, &P::d_batch_stride,
     &P::set_ldd, &P::set_d_batch_stride},
    {v1::OPERAND_AUX, "aux", "gemm.ld_aux", "gemm.aux_batch_stride", false, &P::ld_aux,
     &P::aux_batch_stride, &P::set_ld_aux, &P::set_aux_batch_stride},
};

constexpr int kMaskAlignment = 2;  // A row of a block has 16 bits, which kernels write at once.
// cublasLt reads the scales of the blocks of B in groups of four along k.
constexpr int64_t kBlockGroup = 4;

int64_t Blocks(int64_t extent) { return (extent + kScaledBlock - 1) / kScaledBlock; }

int64_t Batch(const P& problem) { return std::max<int64_t>(problem.batch(), 1); }

// kStridedOperands, OPERAND_A to OPERAND_AUX and the first of GemmTensor have one order.
constexpr bool IsInOrder(v1::Operand operand, GemmTensor tensor) {
  const int index = operand - v1::OPERAND_A;
  return static_cast<int>(tensor) == index && kStridedOperands[index].operand == operand;
}
static_assert(std::size(kStridedOperands) == 5 && IsInOrder(v1::OPERAND_A, GemmTensor::kA) &&
              IsInOrder(v1::OPERAND_B, GemmTensor::kB) &&
              IsInOrder(v1::OPERAND_C, GemmTensor::kC) &&
              IsInOrder(v1::OPERAND_D, GemmTensor::kD) &&
              IsInOrder(v1::OPERAND_AUX, GemmTensor::kAux));

// Returns the layout of a packed [rows, columns] in every batch.
MatrixLayout Packed(v1::DataType type, int64_t rows, int64_t columns, const P& problem) {
  MatrixLayout layout;
  if (type == v1::DATA_TYPE_UNSPECIFIED) return layout;
  layout.type = type;
  layout.rows = rows;
  layout.columns = columns;
  layout.row_stride = columns;
  layout.batch = Batch(problem);
  if (layout.batch > 1) layout.batch_stride = rows * columns;
  return layout;
}

int64_t ScaleElementsOfA(const P& problem) {
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_TENSOR:
      return 1;
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return Batch(problem) * problem.m();
    case v1::SCALING_MODE_BLOCK_128:
      return Batch(problem) * Blocks(problem.k()) * problem.m();
    default:
      return 0;
  }
}

int64_t ScaleElementsOfB(const P& problem) {
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_TENSOR:
      return 1;
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return Batch(problem) * problem.n();
    case v1::SCALING_MODE_BLOCK_128:
      return Batch(problem) * Blocks(problem.n()) *
             ((Blocks(problem.k()) + kBlockGroup - 1) / kBlockGroup) * kBlockGroup;
    default:
      return 0;
  }
}

MatrixLayout MaskLayout(const P& problem) {
  if (!StoresMask(problem.epilogue())) return {};
  return Packed(v1::DATA_TYPE_INT8, problem.m(), PackedMaskRowBytes(problem.n()), problem);
}

}  // namespace

absl::Span<const StridedOperand> StridedOperands() { return kStridedOperands; }

MatrixLayout PackedLayoutOf(const P& problem, v1::Operand operand) {
  const int64_t m = problem.m();
  const int64_t n = problem.n();
  const int64_t k = problem.k();
  const bool a_transposed = problem.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  const bool b_transposed = problem.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  const v1::Epilogue& epilogue = problem.epilogue();
  switch (operand) {
    case v1::OPERAND_A:
      return Packed(problem.a_type(), a_transposed ? k : m, a_transposed ? m : k, problem);
    case v1::OPERAND_B:
      return Packed(problem.b_type(), b_transposed ? n : k, b_transposed ? k : n, problem);
    case v1::OPERAND_C:
      return Packed(HasSource(epilogue) ? epilogue.source_type() : v1::DATA_TYPE_UNSPECIFIED, m, n,
                    problem);
    case v1::OPERAND_D:
      return Packed(problem.d_type(), m, n, problem);
    case v1::OPERAND_AUX:
      return Packed(epilogue.aux_type(), m, n, problem);
    default:
      return {};
  }
}

MatrixLayout LayoutOf(const P& problem, v1::Operand operand) {
  MatrixLayout layout = PackedLayoutOf(problem, operand);
  if (!layout.used()) return layout;
  const StridedOperand& strides = kStridedOperands[operand - v1::OPERAND_A];
  const int64_t row_stride = (problem.*strides.row_stride)();
  const int64_t batch_stride = (problem.*strides.batch_stride)();
  if (row_stride != 0) layout.row_stride = row_stride;
  if (batch_stride == kSharedByBatches) {
    layout.batch = 1;
    layout.batch_stride = 0;
  } else if (layout.batch > 1) {
    layout.batch_stride = batch_stride == 0 ? layout.rows * layout.row_stride : batch_stride;
  }
  return layout;
}

MatrixLayout BiasGradientLayout(const P& problem) {
  return VectorLayout(v1::DATA_TYPE_FP32, problem.epilogue().bias_gradient() ? problem.n() : 0);
}

int64_t BiasElements(const P& problem) {
  switch (problem.epilogue().bias_mode()) {
    case v1::BIAS_MODE_PER_COLUMN:
      return problem.n();
    case v1::BIAS_MODE_PER_ROW:
      return problem.m();
    default:
      return 0;
  }
}

int64_t ScaleElements(const P& problem, v1::Operand operand) {
  switch (operand) {
    case v1::OPERAND_SCALE_A:
      return ScaleElementsOfA(problem);
    case v1::OPERAND_SCALE_B:
      return ScaleElementsOfB(problem);
    case v1::OPERAND_SCALE_D:
      return problem.epilogue().scale_d() ? 1 : 0;
    default:
      return 0;
  }
}

ProblemShape ShapeOf(const P& problem) {
  return {problem.m(), problem.n(), problem.k(), Batch(problem)};
}

TensorUses TensorsOf(const P& problem) {
  const v1::Epilogue& epilogue = problem.epilogue();
  const bool has_beta = Accumulates(epilogue);
  TensorUses uses;
  for (const StridedOperand& operand : kStridedOperands) {
    const MatrixLayout layout = LayoutOf(problem, operand.operand);
    if (!layout.used()) continue;
    uses.push_back({operand.operand - v1::OPERAND_A, operand.name,
                    IsWritten(operand.operand, epilogue), layout, operand.operand,
                    operand.row_field, operand.batch_field});
  }
  // Returns null if the problem has no such tensor.
  const auto add = [&](GemmTensor tensor, const char* name, bool written,
                       const MatrixLayout& layout) -> TensorUse* {
    if (!layout.used()) return nullptr;
    return &uses.emplace_back(TensorUse{static_cast<int>(tensor), name, written, layout});
  };
  // Scales and flags do not count: they are tiny beside the rest.
  const auto add_floats = [&](GemmTensor tensor, const char* name, int64_t count) {
    TensorUse* const floats = add(tensor, name, false, VectorLayout(v1::DATA_TYPE_FP32, count));
    if (floats != nullptr) floats->counted = false;
  };
  const auto add_flag = [&](GemmTensor tensor, const char* name, v1::DataType type, bool present) {
    if (!present) return;
    TensorUse* const flag = add(tensor, name, true, VectorLayout(type, 1));
    flag->counted = false;
    flag->zeroed = true;
  };
  TensorUse* const bias = add(GemmTensor::kBias, "bias", false,
                              VectorLayout(epilogue.bias_type(), BiasElements(problem)));
  if (bias != nullptr) bias->operand = v1::OPERAND_BIAS;
  TensorUse* const mask = add(GemmTensor::kMask, "mask", true, MaskLayout(problem));
  if (mask != nullptr) mask->least_alignment = kMaskAlignment;
  add(GemmTensor::kBiasGradient, "bias_gradient", true, BiasGradientLayout(problem));
  add_flag(GemmTensor::kAmax, "amax", v1::DATA_TYPE_FP32, epilogue.amax());
  add_flag(GemmTensor::kNonFinite, "non_finite", v1::DATA_TYPE_INT32, epilogue.non_finite_flag());
  add_floats(GemmTensor::kScaleA, "scale_a", ScaleElementsOfA(problem));
  add_floats(GemmTensor::kScaleB, "scale_b", ScaleElementsOfB(problem));
  add_floats(GemmTensor::kScaleD, "scale_d", epilogue.scale_d() ? 1 : 0);
  add_floats(GemmTensor::kDeviceAlpha, "device_alpha", epilogue.device_scalars() ? 1 : 0);
  add_floats(GemmTensor::kDeviceBeta, "device_beta", epilogue.device_scalars() && has_beta ? 1 : 0);
  return uses;
}

}  // namespace tilewright
