#include "proto/problem/gemm/epilogue.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/shared_parts.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

absl::Status CheckAuxType(v1::DataType type) {
  if (IsStoredFloat(type) || IsFp8(type)) return absl::OkStatus();
  return InvalidField(
      "gemm.epilogue.aux_type", "UNSUPPORTED_TYPES",
      absl::StrCat(TypeName(type), " is not allowed here; use fp32, fp16, bf16, e4m3 or e5m2"));
}

// Returns the type of the bias or of the source. `present`: whether the epilogue has it.
absl::StatusOr<v1::DataType> OperandType(const char* field, const char* absent, bool present,
                                         v1::DataType d_type, v1::DataType type) {
  if (!present) {
    if (type == v1::DATA_TYPE_UNSPECIFIED) return type;
    return InvalidField(field, "CONTRADICTORY_EPILOGUE", absent);
  }
  if (type == v1::DATA_TYPE_UNSPECIFIED) {
    // If the output type is none of these, the check of the output refuses it.
    return IsStoredFloat(d_type) ? d_type : v1::DATA_TYPE_BF16;
  }
  RETURN_IF_ERROR(CheckStoredFloat(field, type));
  return type;
}

absl::Status CanonicalizeBias(v1::DataType d_type, v1::Epilogue& epilogue) {
  if (epilogue.bias_mode() == v1::BIAS_MODE_UNSPECIFIED) {
    epilogue.set_bias_mode(v1::BIAS_MODE_NONE);
  }
  ASSIGN_OR_RETURN(
      const v1::DataType type,
      OperandType("gemm.epilogue.bias_type",
                  "is given but there is no bias; add a bias, or leave out its type",
                  epilogue.bias_mode() != v1::BIAS_MODE_NONE, d_type, epilogue.bias_type()));
  epilogue.set_bias_type(type);
  return absl::OkStatus();
}

absl::Status CanonicalizeSource(v1::DataType d_type, v1::Epilogue& epilogue) {
  if (epilogue.source_mode() == v1::SOURCE_MODE_UNSPECIFIED) {
    epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
  }
  ASSIGN_OR_RETURN(
      const v1::DataType type,
      OperandType("gemm.epilogue.source_type",
                  "is given but there is no source; add a source, or leave out its type",
                  epilogue.source_mode() != v1::SOURCE_MODE_NONE, d_type, epilogue.source_type()));
  epilogue.set_source_type(type);
  return absl::OkStatus();
}

absl::Status CheckRounding(v1::DataType d_type, v1::Epilogue& epilogue) {
  if (epilogue.rounding_mode() == v1::ROUNDING_MODE_UNSPECIFIED) {
    epilogue.set_rounding_mode(v1::ROUNDING_MODE_NEAREST_EVEN);
  }
  if (epilogue.rounding_mode() == v1::ROUNDING_MODE_NEAREST_EVEN || IsHalfWidth(d_type)) {
    return absl::OkStatus();
  }
  return InvalidField(
      "gemm.epilogue.rounding_mode", "CONTRADICTORY_EPILOGUE",
      absl::StrCat("stochastic rounding is for 16-bit outputs, not ", TypeName(d_type),
                   "; round to nearest even, or use a 16-bit output"));
}

// The backward form has the gradient of h in place of the sums. It adds no bias, and it needs the z
// in aux for the derivative of an activation.
absl::Status CheckGradient(const v1::Epilogue& epilogue) {
  if (!epilogue.gradient()) {
    if (!epilogue.bias_gradient()) return absl::OkStatus();
    return InvalidField(
        "gemm.epilogue.bias_gradient", "CONTRADICTORY_EPILOGUE",
        "is given but the epilogue is not a gradient; leave it out, or ask for the gradient");
  }
  if (epilogue.bias_mode() != v1::BIAS_MODE_NONE) {
    return InvalidField(
        "gemm.epilogue.bias_mode", "CONTRADICTORY_EPILOGUE",
        "a gradient adds no bias; leave it out, or ask for the gradient of the bias");
  }
  if (epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL) {
    return InvalidField("gemm.epilogue.source_mode", "CONTRADICTORY_EPILOGUE",
                        "a gradient has no residual; leave it out, or accumulate instead");
  }
  if (epilogue.activation() == v1::ACTIVATION_NONE ||
      epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED) {
    return absl::OkStatus();
  }
  return InvalidField("gemm.epilogue.aux_type", "CONTRADICTORY_EPILOGUE",
                      "the gradient of an activation reads its argument from the auxiliary tensor; "
                      "give the type of that tensor");
}

absl::Status CheckOutputScale(v1::DataType d_type, const v1::Epilogue& epilogue) {
  if (!epilogue.scale_d() || IsFp8(d_type)) return absl::OkStatus();
  return InvalidField("gemm.epilogue.scale_d", "CONTRADICTORY_EPILOGUE",
                      absl::StrCat("a scale of D is for fp8 outputs, not ", TypeName(d_type),
                                   "; leave it out, or use an fp8 output"));
}

// An int32 D is the exact sum, so no step may use floating point.
absl::Status CheckIntegerOutput(const v1::Epilogue& epilogue) {
  const v1::Epilogue parts = PartsOf(epilogue);
  std::vector<const google::protobuf::FieldDescriptor*> given;
  parts.GetReflection()->ListFields(parts, &given);
  if (given.empty()) return absl::OkStatus();
  return InvalidField(absl::StrCat("gemm.epilogue.", given.front()->name()),
                      "CONTRADICTORY_EPILOGUE",
                      "an int32 output takes the identity epilogue only; leave it out, or use a "
                      "floating-point output");
}

}  // namespace

absl::Status CanonicalizeEpilogue(v1::DataType d_type, v1::Epilogue& epilogue) {
  RETURN_IF_ERROR(CanonicalizeBias(d_type, epilogue));
  RETURN_IF_ERROR(CanonicalizeSource(d_type, epilogue));
  if (epilogue.activation() == v1::ACTIVATION_UNSPECIFIED) {
    epilogue.set_activation(v1::ACTIVATION_NONE);
  }
  if (epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED) {
    RETURN_IF_ERROR(CheckAuxType(epilogue.aux_type()));
  }
  if (epilogue.has_dropout()) {
    RETURN_IF_ERROR(CanonicalizeDropout("gemm.epilogue.dropout", *epilogue.mutable_dropout()));
    if (epilogue.dropout().probability() == 0) epilogue.clear_dropout();
  }
  RETURN_IF_ERROR(CheckRounding(d_type, epilogue));
  RETURN_IF_ERROR(CheckGradient(epilogue));
  RETURN_IF_ERROR(CheckOutputScale(d_type, epilogue));
  return d_type == v1::DATA_TYPE_INT32 ? CheckIntegerOutput(epilogue) : absl::OkStatus();
}

void EncodeEpilogue(const v1::Epilogue& epilogue, ProblemEncoder& out) {
  out.U32(epilogue.bias_mode());
  out.U32(epilogue.bias_type());
  out.U32(epilogue.source_mode());
  out.U32(epilogue.source_type());
  out.U32(epilogue.activation());
  out.U32(epilogue.aux_type());
  out.Dropout(epilogue.dropout());
  out.U32(epilogue.rounding_mode());
  out.Bool(epilogue.amax());
  out.Bool(epilogue.non_finite_flag());
  out.Bool(epilogue.device_scalars());
  out.Bool(epilogue.gradient());
  out.Bool(epilogue.bias_gradient());
  out.Bool(epilogue.scale_d());
}

std::string DescribeEpilogue(v1::DataType d_type, const v1::Epilogue& epilogue) {
  std::string text;
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_COLUMN)
    text += DescribePart("bias", epilogue.bias_type(), d_type);
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW) {
    text += DescribePart("row_bias", epilogue.bias_type(), d_type);
  }
  if (Accumulates(epilogue)) {
    text += DescribePart("accumulate", epilogue.source_type(), d_type);
  }
  text += DescribeActivation(epilogue.activation());
  if (epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL) {
    text += DescribePart("residual", epilogue.source_type(), d_type);
  }
  if (epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED)
    text += DescribePart("aux", epilogue.aux_type(), d_type);
  text += DescribeDropout("dropout", epilogue.dropout());
  if (epilogue.gradient()) text += " gradient";
  if (epilogue.bias_gradient()) text += " bias_gradient";
  if (epilogue.rounding_mode() == v1::ROUNDING_MODE_STOCHASTIC) text += " stochastic";
  if (epilogue.amax()) text += " amax";
  if (epilogue.non_finite_flag()) text += " non_finite_flag";
  if (epilogue.scale_d()) text += " scale_d";
  if (epilogue.device_scalars()) text += " device_scalars";
  return text;
}

}  // namespace tilewright
