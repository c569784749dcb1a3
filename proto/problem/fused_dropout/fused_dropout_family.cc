// The family of fused dropouts. visit_problem.h declares its one function.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_canonicalizer.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/problem/problem.h"
#include "proto/problem/shared_parts.h"
#include "proto/problem/visit_problem.h"

namespace tilewright {
namespace {

std::string Stride(const char* name, int64_t stride, int64_t columns) {
  return stride == 0 || stride == columns ? "" : absl::StrCat(" ", name, "_stride=", stride);
}

class FusedDropoutFamilyImpl final : public Family {
 public:
  std::string_view name() const override { return "fused_dropout"; }

  absl::Status Canonicalize(v1::Problem& problem) const override {
    return CanonicalizeFusedDropout(*problem.mutable_fused_dropout());
  }

  void Encode(const v1::Problem& problem, ProblemEncoder& out) const override {
    const v1::FusedDropoutProblem& fused = problem.fused_dropout();
    out.I64(fused.rows());
    out.I64(fused.columns());
    out.U32(fused.type());
    out.U32(fused.operation());
    out.U32(fused.activation());
    out.U32(fused.normalization());
    out.Dropout(fused.dropout());
    out.Bool(fused.backward());
    out.Numerics(fused.numerics());
    out.U32(fused.bias_type());
    out.U32(fused.residual_type());
    out.I64(fused.x_stride());
    out.I64(fused.residual_stride());
    out.I64(fused.y_stride());
    out.Bool(fused.store_statistics());
    out.U32(fused.weight_type());
    out.Bool(fused.store_pre_norm());
    out.I64(fused.pre_norm_stride());
    out.Bool(fused.add_gradient());
  }

  void ClearShape(v1::Problem& problem) const override {
    SetShape({.m = 0, .n = 0}, problem);
    v1::FusedDropoutProblem& fused = *problem.mutable_fused_dropout();
    // The probability is an argument of a launch. A kernel with dropout serves any but 0.
    if (fused.has_dropout()) fused.mutable_dropout()->set_probability(0.5);
  }

  bool MayServe(const v1::Problem& served, const v1::Problem& problem) const override {
    return EncodeShapeless(served) == EncodeShapeless(problem);
  }

  void SetShape(const ProblemShape& shape, v1::Problem& problem) const override {
    v1::FusedDropoutProblem& fused = *problem.mutable_fused_dropout();
    fused.set_rows(shape.m);
    fused.set_columns(shape.n);
    for (const StrideField& field : StrideFields()) (fused.*field.set)(0);
  }

  ProblemShape ShapeOf(const v1::Problem& problem) const override {
    return tilewright::ShapeOf(problem.fused_dropout());
  }
  ShapeFields shape_fields() const override { return kFusedDropoutShapeFields; }

  std::string Describe(const v1::Problem& problem) const override {
    const v1::FusedDropoutProblem& fused = problem.fused_dropout();
    const v1::DataType type = fused.type();
    const int64_t columns = fused.columns();
    std::string text =
        absl::StrCat("dropout ", TypeName(type), " rows=", fused.rows(), " columns=", columns);
    text += DescribeDropout("p", fused.dropout());
    text += Stride("x", fused.x_stride(), columns);
    text += Stride("residual", fused.residual_stride(), columns);
    text += Stride("y", fused.y_stride(), columns);
    text += Stride("pre_norm", fused.pre_norm_stride(), columns);
    if (HasBias(fused)) text += DescribePart("bias", fused.bias_type(), type);
    text += DescribeActivation(fused.activation());
    if (HasResidual(fused)) text += DescribePart("residual", fused.residual_type(), type);
    if (Normalizes(fused)) {
      text += DescribePart(
          LowerName(v1::Normalization_Name(fused.normalization()), "NORMALIZATION_").c_str(),
          fused.weight_type(), type);
    }
    if (fused.store_statistics()) text += " statistics";
    if (fused.store_pre_norm()) text += " pre_norm";
    if (fused.add_gradient()) text += " add_gradient";
    if (fused.backward()) text += " backward";
    return text + DescribeNumerics(fused.numerics());
  }

  double FloatingPointOperations(const v1::Problem&) const override { return 0; }

  TensorUses TensorsOf(const v1::Problem& problem) const override {
    return tilewright::TensorsOf(problem.fused_dropout());
  }

  const v1::NumericsPolicy& NumericsOf(const v1::Problem& problem) const override {
    return problem.fused_dropout().numerics();
  }
};

}  // namespace

const Family& FamilyOfKind(const v1::FusedDropoutProblem&) {
  static const auto& family = *new FusedDropoutFamilyImpl;
  return family;
}

}  // namespace tilewright
