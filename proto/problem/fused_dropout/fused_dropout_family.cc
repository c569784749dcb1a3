// The family of fused dropouts. visit_problem.h declares its one function.
#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/problem/problem.h"
#include "proto/problem/shared_parts.h"
#include "proto/problem/sizes.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

bool MayActivate(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT;
}

// Returns `type` if it is set, else `usual`.
absl::StatusOr<v1::DataType> TypeOr(v1::DataType usual, const char* field, v1::DataType type) {
  if (type == v1::DATA_TYPE_UNSPECIFIED) return usual;
  RETURN_IF_ERROR(CheckStoredFloat(field, type));
  return type;
}

absl::Status CanonicalizeTypes(v1::FusedDropoutProblem& problem) {
  ASSIGN_OR_RETURN(const v1::DataType type,
                   TypeOr(v1::DATA_TYPE_BF16, "fused_dropout.type", problem.type()));
  problem.set_type(type);
  if (HasBias(problem)) {
    ASSIGN_OR_RETURN(const v1::DataType bias,
                     TypeOr(type, "fused_dropout.bias_type", problem.bias_type()));
    problem.set_bias_type(bias);
  }
  if (HasResidual(problem)) {
    ASSIGN_OR_RETURN(const v1::DataType residual,
                     TypeOr(type, "fused_dropout.residual_type", problem.residual_type()));
    problem.set_residual_type(residual);
  }
  if (Normalizes(problem)) {
    ASSIGN_OR_RETURN(const v1::DataType weight,
                     TypeOr(type, "fused_dropout.weight_type", problem.weight_type()));
    problem.set_weight_type(weight);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CanonicalStride(const char* field, const v1::FusedDropoutProblem& problem,
                                        v1::DataType type, int64_t stride) {
  if (stride < 0 || (stride > 0 && stride < problem.columns())) {
    return InvalidField(field, "STRIDE_TOO_SMALL",
                        absl::StrCat(stride, " is less than the ", problem.columns(),
                                     " elements of a row; use at least that, or 0 for packed "
                                     "rows"));
  }
  if (stride == 0) stride = problem.columns();
  RETURN_IF_ERROR(CheckRowsExtent(field, problem.rows(), stride, type));
  return stride;
}

// Clears the strides that no tensor of this form uses.
absl::Status CanonicalizeStrides(v1::FusedDropoutProblem& problem) {
  const TensorUses uses = TensorsOf(problem);
  for (const StrideField& field : StrideFields()) {
    const auto use = std::find_if(uses.begin(), uses.end(), [&](const TensorUse& any) {
      return any.row_field == field.name;
    });
    int64_t stride = 0;
    if (use != uses.end()) {
      ASSIGN_OR_RETURN(
          stride, CanonicalStride(field.name, problem, use->layout.type, (problem.*field.get)()));
    }
    (problem.*field.set)(stride);
  }
  return absl::OkStatus();
}

// Refuses fields that describe a part which the operation does not have.
absl::Status CheckAbsentParts(const v1::FusedDropoutProblem& problem) {
  const bool normalizes = Normalizes(problem);
  const char* field = nullptr;
  if (problem.activation() > v1::ACTIVATION_NONE && !MayActivate(problem)) field = "activation";
  if (problem.bias_type() != v1::DATA_TYPE_UNSPECIFIED && !HasBias(problem)) field = "bias_type";
  if (problem.residual_type() != v1::DATA_TYPE_UNSPECIFIED && !HasResidual(problem)) {
    field = "residual_type";
  }
  if (problem.residual_stride() != 0 && !HasResidual(problem)) field = "residual_stride";
  if (problem.weight_type() != v1::DATA_TYPE_UNSPECIFIED && !normalizes) field = "weight_type";
  if (problem.pre_norm_stride() != 0 && !HasPreNorm(problem)) field = "pre_norm_stride";
  const bool may_store = normalizes && !problem.backward();
  if (problem.store_statistics() && !may_store) field = "store_statistics";
  if (problem.store_pre_norm() && !may_store) field = "store_pre_norm";
  if (problem.add_gradient() && !(normalizes && problem.backward())) field = "add_gradient";
  if (field == nullptr) return absl::OkStatus();
  return InvalidField(absl::StrCat("fused_dropout.", field), "CONTRADICTORY_OPERATION",
                      "is given but the operation has no such part; leave it out, or name an "
                      "operation, a direction or a normalization that has it");
}

absl::Status CanonicalizeNumericsOf(v1::FusedDropoutProblem& problem) {
  v1::NumericsPolicy& numerics = *problem.mutable_numerics();
  RETURN_IF_ERROR(CanonicalizeNumerics("fused_dropout.numerics", numerics));
  if (numerics.error_budget() > 0) {
    return Unimplemented("fused_dropout.numerics.error_budget",
                         "there is one precision, fp32; leave it out");
  }
  if (numerics.promote_accumulation()) {
    return InvalidField("fused_dropout.numerics.promote_accumulation", "NOTHING_TO_PROMOTE",
                        "is for fp8 products");
  }
  return absl::OkStatus();
}

// Fills the defaults, makes strides explicit and checks every rule of problem.proto.
// INVALID_ARGUMENT names the field.
absl::Status CanonicalizeFusedDropout(v1::FusedDropoutProblem& problem) {
  RETURN_IF_ERROR(CheckRange("fused_dropout.rows", problem.rows(), kMaxExtent));
  RETURN_IF_ERROR(CheckRange("fused_dropout.columns", problem.columns(), kMaxExtent));
  if (problem.operation() == v1::DROPOUT_OPERATION_UNSPECIFIED) {
    return InvalidField("fused_dropout.operation", "MISSING_FIELD", "name the operation");
  }
  RETURN_IF_ERROR(CheckAbsentParts(problem));
  if (problem.activation() == v1::ACTIVATION_UNSPECIFIED) {
    problem.set_activation(v1::ACTIVATION_NONE);
  }
  if (problem.normalization() == v1::NORMALIZATION_UNSPECIFIED) {
    problem.set_normalization(v1::NORMALIZATION_NONE);
  }
  RETURN_IF_ERROR(CanonicalizeTypes(problem));
  if (problem.has_dropout()) {
    RETURN_IF_ERROR(CanonicalizeDropout("fused_dropout.dropout", *problem.mutable_dropout()));
    if (problem.dropout().probability() == 0) problem.clear_dropout();
  }
  RETURN_IF_ERROR(CanonicalizeStrides(problem));
  return CanonicalizeNumericsOf(problem);
}

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
    out.Shape(fused.rows());
    out.Shape(fused.columns());
    out.U32(fused.type());
    out.U32(fused.operation());
    out.U32(fused.activation());
    out.U32(fused.normalization());
    out.Dropout(fused.dropout());
    out.Bool(fused.backward());
    out.Numerics(fused.numerics());
    out.U32(fused.bias_type());
    out.U32(fused.residual_type());
    out.Shape(fused.x_stride());
    out.Shape(fused.residual_stride());
    out.Shape(fused.y_stride());
    out.Bool(fused.store_statistics());
    out.U32(fused.weight_type());
    out.Bool(fused.store_pre_norm());
    out.Shape(fused.pre_norm_stride());
    out.Bool(fused.add_gradient());
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
