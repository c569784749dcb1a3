// The family of GEMMs. visit_problem.h declares its one function.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/problem.h"
#include "proto/problem/shared_parts.h"
#include "proto/problem/sizes.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr __int128 kMaxProducts = static_cast<__int128>(1) << 62;

absl::Status CanonicalizeShape(v1::GemmProblem& gemm) {
  if (gemm.batch() == 0) gemm.set_batch(1);
  RETURN_IF_ERROR(CheckRange("gemm.m", gemm.m(), kMaxExtent));
  RETURN_IF_ERROR(CheckRange("gemm.n", gemm.n(), kMaxExtent));
  RETURN_IF_ERROR(CheckRange("gemm.k", gemm.k(), kMaxExtent));
  RETURN_IF_ERROR(CheckRange("gemm.batch", gemm.batch(), kMaxGridYz));
  if (static_cast<__int128>(gemm.m()) * gemm.n() * gemm.k() * gemm.batch() >= kMaxProducts) {
    return InvalidField(
        "gemm", "OVERFLOW",
        absl::StrCat("m * n * k * batch = ", gemm.m(), " * ", gemm.n(), " * ", gemm.k(), " * ",
                     gemm.batch(), " is 2^62 or more; split the problem"));
  }
  return absl::OkStatus();
}

v1::DataType DefaultOutput(v1::DataType a) {
  switch (MultiplierOf(a)) {
    case Multiplier::kInteger:
      return v1::DATA_TYPE_INT32;
    case Multiplier::kTf32:
      return v1::DATA_TYPE_FP32;
    default:
      return a;
  }
}

void FillTypes(v1::GemmProblem& gemm) {
  if (gemm.a_type() == v1::DATA_TYPE_UNSPECIFIED) gemm.set_a_type(v1::DATA_TYPE_BF16);
  if (gemm.b_type() == v1::DATA_TYPE_UNSPECIFIED) gemm.set_b_type(gemm.a_type());
  if (gemm.d_type() == v1::DATA_TYPE_UNSPECIFIED) gemm.set_d_type(DefaultOutput(gemm.a_type()));
}

// Runs after all that decides which precisions are admissible. If an error budget admits several,
// the type stays open.
void FillAccumulator(v1::GemmProblem& gemm) {
  if (gemm.accumulator_type() == v1::DATA_TYPE_UNSPECIFIED &&
      AdmissiblePrecisions(gemm).size() == 1) {
    gemm.set_accumulator_type(IsInteger(gemm.a_type()) ? v1::DATA_TYPE_INT32 : v1::DATA_TYPE_FP32);
  }
}

absl::Status CheckInputs(v1::DataType a, v1::DataType b) {
  if (MultiplierOf(a) == Multiplier::kNone) {
    return InvalidField(
        "gemm.a_type", "UNSUPPORTED_TYPES",
        absl::StrCat(TypeName(a), " is for accumulators and outputs only; use int8"));
  }
  if (a == b || (IsFp8(a) && IsFp8(b))) return absl::OkStatus();
  return InvalidField("gemm.b_type", "UNSUPPORTED_TYPES",
                      absl::StrCat(TypeName(b), " cannot be multiplied by ", TypeName(a),
                                   "; give both inputs one type"));
}

absl::Status CheckAccumulator(v1::DataType a, v1::DataType accumulator) {
  if (accumulator == v1::DATA_TYPE_UNSPECIFIED) return absl::OkStatus();
  const bool admitted =
      IsInteger(a) ? accumulator == v1::DATA_TYPE_INT32
                   : accumulator == v1::DATA_TYPE_FP32 || (accumulator == v1::DATA_TYPE_FP16 &&
                                                           (a == v1::DATA_TYPE_FP16 || IsFp8(a)));
  if (admitted) return absl::OkStatus();
  return InvalidField(
      "gemm.accumulator_type", "UNSUPPORTED_TYPES",
      absl::StrCat("products of ", TypeName(a), " cannot be summed in ", TypeName(accumulator),
                   "; use ", IsInteger(a) ? "int32" : "fp32"));
}

absl::Status CheckOutput(v1::DataType a, v1::DataType d) {
  const bool integer_input = IsInteger(a);
  const bool admitted = IsStoredFloat(d) ||
                        (integer_input && (d == v1::DATA_TYPE_INT32 || d == v1::DATA_TYPE_INT8)) ||
                        (IsFp8(a) && IsFp8(d));
  if (admitted) return absl::OkStatus();
  return InvalidField(
      "gemm.d_type", "UNSUPPORTED_TYPES",
      absl::StrCat(TypeName(d), " is not an output type for ", TypeName(a),
                   " inputs; use fp32, fp16", integer_input ? ", bf16 or int32" : " or bf16"));
}

absl::Status CanonicalizeTypes(v1::GemmProblem& gemm) {
  FillTypes(gemm);
  RETURN_IF_ERROR(CheckInputs(gemm.a_type(), gemm.b_type()));
  RETURN_IF_ERROR(CheckAccumulator(gemm.a_type(), gemm.accumulator_type()));
  return CheckOutput(gemm.a_type(), gemm.d_type());
}

absl::Status UnsupportedScaling(const std::string& what) {
  return InvalidField("gemm.scaling_mode", "UNSUPPORTED_SCALING", what);
}

// BLOCK_128 scales sums of 128 products in fp32, so it implies promotion.
absl::Status CanonicalizeScaling(v1::GemmProblem& gemm) {
  if (gemm.scaling_mode() == v1::SCALING_MODE_UNSPECIFIED) {
    gemm.set_scaling_mode(v1::SCALING_MODE_NONE);
  }
  if (!IsScaled(gemm)) return absl::OkStatus();
  const v1::DataType input = gemm.a_type();
  if (!IsFp8(input) && !IsInteger(input)) {
    return UnsupportedScaling(absl::StrCat("scales are for fp8 and int8 inputs, not ",
                                           TypeName(input), "; leave them out, and use alpha"));
  }
  if (gemm.d_type() == v1::DATA_TYPE_INT32) {
    return UnsupportedScaling(
        "an int32 D is the exact sum; leave the scales out, or use a floating-point output");
  }
  if (gemm.scaling_mode() != v1::SCALING_MODE_BLOCK_128) return absl::OkStatus();
  if (!IsFp8(input)) {
    return UnsupportedScaling(
        "scales of blocks are for fp8 inputs; use one scale for each tensor, or for each row and "
        "column");
  }
  gemm.mutable_numerics()->set_promote_accumulation(true);
  return absl::OkStatus();
}

// The tensor core transposes only 16-bit elements.
absl::Status CheckFp8Layouts(const v1::GemmProblem& gemm) {
  const bool a_along_k = gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL;
  const bool b_along_k = gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  if (a_along_k && b_along_k) return absl::OkStatus();
  return InvalidField(a_along_k ? "gemm.b_layout" : "gemm.a_layout", "UNSUPPORTED_LAYOUT",
                      "fp8 operands must be contiguous along k: store A as [m, k] and B as [n, k]");
}

absl::Status CheckTypesServed(const v1::GemmProblem& gemm) {
  const v1::DataType a = gemm.a_type();
  if (IsFp8(a)) RETURN_IF_ERROR(CheckFp8Layouts(gemm));
  const v1::DataType d = gemm.d_type();
  if (a == v1::DATA_TYPE_FP32 && d != v1::DATA_TYPE_FP32) {
    return Unimplemented("gemm.d_type",
                         absl::StrCat("no template of this version writes ", TypeName(d),
                                      " from fp32 inputs; use fp32, or tf32 inputs"));
  }
  if (!IsStoredFloat(d) && !IsFp8(d) && d != v1::DATA_TYPE_INT32) {
    return Unimplemented("gemm.d_type", absl::StrCat("no template of this version writes ",
                                                     TypeName(d), "; use fp32, fp16 or bf16"));
  }
  return absl::OkStatus();
}

// Refuses what no template of this version serves, and what no template ever could.
absl::Status CheckServed(const v1::GemmProblem& gemm) {
  RETURN_IF_ERROR(CheckTypesServed(gemm));
  if (gemm.numerics().promote_accumulation() &&
      (!IsFp8(gemm.a_type()) || gemm.accumulator_type() == v1::DATA_TYPE_FP16)) {
    return InvalidField("gemm.numerics.promote_accumulation", "NOTHING_TO_PROMOTE",
                        "is for fp8 inputs summed in fp32; others are summed as they are");
  }
  return absl::OkStatus();
}

// Fills the defaults and checks every rule of problem.proto. INVALID_ARGUMENT: no version could
// serve it. UNIMPLEMENTED: no template of this version serves it.
absl::Status CanonicalizeGemm(v1::GemmProblem& gemm) {
  RETURN_IF_ERROR(CanonicalizeShape(gemm));
  RETURN_IF_ERROR(CanonicalizeTypes(gemm));
  if (gemm.a_layout() == v1::OPERAND_LAYOUT_UNSPECIFIED) {
    gemm.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  }
  if (gemm.b_layout() == v1::OPERAND_LAYOUT_UNSPECIFIED) {
    gemm.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  }
  RETURN_IF_ERROR(CanonicalizeScaling(gemm));
  FillAccumulator(gemm);
  RETURN_IF_ERROR(CanonicalizeEpilogue(gemm.d_type(), *gemm.mutable_epilogue()));
  RETURN_IF_ERROR(CanonicalizeNumerics("gemm.numerics", *gemm.mutable_numerics()));
  RETURN_IF_ERROR(CanonicalizeStrides(gemm));
  return CheckServed(gemm);
}

const char* Letter(v1::OperandLayout layout) {
  return layout == v1::OPERAND_LAYOUT_TRANSPOSED ? "t" : "n";
}

// Returns "bf16", "int8->fp16" if D has another type, or "fp16 sums=fp16".
std::string DescribeTypes(const v1::GemmProblem& gemm) {
  std::string text = TypeName(gemm.a_type());
  if (gemm.b_type() != gemm.a_type()) absl::StrAppend(&text, "*", TypeName(gemm.b_type()));
  if (gemm.d_type() != gemm.a_type()) absl::StrAppend(&text, "->", TypeName(gemm.d_type()));
  if (gemm.accumulator_type() == v1::DATA_TYPE_FP16) text += " sums=fp16";
  return text;
}

// Names only strides that are not packed.
std::string DescribeStrides(const v1::GemmProblem& gemm) {
  std::string text;
  for (const StridedOperand& operand : StridedOperands()) {
    const MatrixLayout packed = PackedLayoutOf(gemm, operand.operand);
    if (!packed.used()) continue;
    const int64_t given = (gemm.*operand.row_stride)();
    const int64_t row_stride = given == 0 ? packed.columns : given;
    const int64_t batch_stride = (gemm.*operand.batch_stride)();
    if (row_stride != packed.columns) {
      const bool is_aux = operand.operand == v1::OPERAND_AUX;
      absl::StrAppend(&text, is_aux ? " ld_" : " ld", operand.name, "=", row_stride);
    }
    if (gemm.batch() > 1 && batch_stride != 0 && batch_stride != packed.rows * row_stride) {
      absl::StrAppend(&text, " stride_", operand.name, "=",
                      batch_stride == kSharedByBatches ? "broadcast" : absl::StrCat(batch_stride));
    }
  }
  return text;
}

std::string DescribeScaling(v1::ScalingMode mode) {
  if (mode <= v1::SCALING_MODE_NONE) return "";
  return absl::StrCat(" scales ", LowerName(v1::ScalingMode_Name(mode), "SCALING_MODE_"));
}

// Keeps the one fact about an extent that decides which kernels may serve: is it near the limit?
int64_t ShapelessExtent(int64_t extent) { return IsNearLimit(extent) ? kMaxExtent : 0; }

// Kernels take any stride. But kernels from versions that did not know broadcasts read a matrix
// that all batches share as a batch with several matrices.
int64_t ShapelessBatchStride(int64_t stride) {
  return stride == kSharedByBatches ? kSharedByBatches : 0;
}

class GemmFamilyImpl final : public Family {
 public:
  std::string_view name() const override { return "gemm"; }

  absl::Status Canonicalize(v1::Problem& problem) const override {
    return CanonicalizeGemm(*problem.mutable_gemm());
  }

  void Encode(const v1::Problem& problem, ProblemEncoder& out) const override {
    const v1::GemmProblem& gemm = problem.gemm();
    for (const int64_t extent : {gemm.m(), gemm.n(), gemm.k()}) {
      out.Shape(extent, ShapelessExtent(extent));
    }
    out.Shape(gemm.batch());
    out.U32(gemm.a_type());
    out.U32(gemm.b_type());
    out.U32(gemm.d_type());
    out.U32(gemm.accumulator_type());
    out.U32(gemm.a_layout());
    out.U32(gemm.b_layout());
    for (const auto& operand : StridedOperands()) out.Shape((gemm.*operand.row_stride)());
    for (const auto& operand : StridedOperands()) {
      const int64_t stride = (gemm.*operand.batch_stride)();
      out.Shape(stride, ShapelessBatchStride(stride));
    }
    out.U32(gemm.scaling_mode());
    EncodeEpilogue(gemm.epilogue(), out);
    out.Numerics(gemm.numerics());
  }

  // A kernel for a matrix that all batches share also serves one matrix for each batch.
  bool MayServe(const v1::Problem& served, const v1::Problem& problem) const override {
    v1::Problem shared = problem;
    for (const StridedOperand& operand : StridedOperands()) {
      if ((served.gemm().*operand.batch_stride)() != kSharedByBatches) continue;
      (shared.mutable_gemm()->*operand.set_batch_stride)(kSharedByBatches);
    }
    return EncodeShapeless(served) == EncodeShapeless(shared);
  }

  void SetShape(const ProblemShape& shape, v1::Problem& problem) const override {
    v1::GemmProblem& gemm = *problem.mutable_gemm();
    gemm.set_m(shape.m);
    gemm.set_n(shape.n);
    gemm.set_k(shape.k);
    gemm.set_batch(shape.batch);
    for (const StridedOperand& operand : StridedOperands()) {
      (gemm.*operand.set_row_stride)(0);
      (gemm.*operand.set_batch_stride)(0);
    }
  }

  ProblemShape ShapeOf(const v1::Problem& problem) const override {
    return tilewright::ShapeOf(problem.gemm());
  }
  ShapeFields shape_fields() const override { return kGemmShapeFields; }

  std::string Describe(const v1::Problem& problem) const override {
    const v1::GemmProblem& gemm = problem.gemm();
    return absl::StrCat("gemm ", Letter(gemm.a_layout()), Letter(gemm.b_layout()), " ",
                        DescribeTypes(gemm), " m=", gemm.m(), " n=", gemm.n(), " k=", gemm.k(),
                        gemm.batch() > 1 ? absl::StrCat(" batch=", gemm.batch()) : "",
                        DescribeStrides(gemm), DescribeScaling(gemm.scaling_mode()),
                        DescribeEpilogue(gemm.d_type(), gemm.epilogue()),
                        DescribeNumerics(gemm.numerics()));
  }

  double FloatingPointOperations(const v1::Problem& problem) const override {
    const ProblemShape shape = ShapeOf(problem);
    return 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) *
           static_cast<double>(shape.k) * static_cast<double>(shape.batch);
  }

  TensorUses TensorsOf(const v1::Problem& problem) const override {
    return tilewright::TensorsOf(problem.gemm());
  }

  const v1::NumericsPolicy& NumericsOf(const v1::Problem& problem) const override {
    return problem.gemm().numerics();
  }
};

}  // namespace

const Family& FamilyOfKind(const v1::GemmProblem&) {
  static const auto& family = *new GemmFamilyImpl;
  return family;
}

}  // namespace tilewright
