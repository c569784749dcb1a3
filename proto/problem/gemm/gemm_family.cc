// The family of GEMMs. visit_problem.h declares its one function.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue.h"
#include "proto/problem/gemm/gemm_canonicalizer.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/problem.h"
#include "proto/problem/shared_parts.h"
#include "proto/problem/sizes.h"
#include "proto/problem/visit_problem.h"

namespace tilewright {
namespace {

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
    out.I64(gemm.m());
    out.I64(gemm.n());
    out.I64(gemm.k());
    out.I64(gemm.batch());
    out.U32(gemm.a_type());
    out.U32(gemm.b_type());
    out.U32(gemm.d_type());
    out.U32(gemm.accumulator_type());
    out.U32(gemm.a_layout());
    out.U32(gemm.b_layout());
    for (const auto& operand : StridedOperands()) out.I64((gemm.*operand.row_stride)());
    for (const auto& operand : StridedOperands()) out.I64((gemm.*operand.batch_stride)());
    out.U32(gemm.scaling_mode());
    EncodeEpilogue(gemm.epilogue(), out);
    out.Numerics(gemm.numerics());
  }

  void ClearShape(v1::Problem& problem) const override {
    v1::GemmProblem& gemm = *problem.mutable_gemm();
    gemm.set_m(ShapelessExtent(gemm.m()));
    gemm.set_n(ShapelessExtent(gemm.n()));
    gemm.set_k(ShapelessExtent(gemm.k()));
    gemm.clear_batch();
    for (const StridedOperand& operand : StridedOperands()) {
      (gemm.*operand.set_row_stride)(0);
      (gemm.*operand.set_batch_stride)(ShapelessBatchStride((gemm.*operand.batch_stride)()));
    }
    // The probability is an argument of a launch. A kernel with dropout serves any but 0.
    v1::Epilogue& epilogue = *gemm.mutable_epilogue();
    if (epilogue.has_dropout()) epilogue.mutable_dropout()->set_probability(0.5);
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
