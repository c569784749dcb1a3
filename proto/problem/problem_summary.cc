#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/problem/batch_stride.h"
#include "proto/problem/canonical_problem.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/fused_dropout_layout.h"
#include "proto/problem/fused_dropout_summary.h"
#include "proto/problem/stored_matrix.h"

namespace tilewright {
namespace {

const char* Letter(v1::OperandLayout layout) {
  return layout == v1::OPERAND_LAYOUT_TRANSPOSED ? "t" : "n";
}

std::string LowerName(const std::string& name, const char* prefix) {
  return absl::AsciiStrToLower(name.substr(std::strlen(prefix)));
}

// "bf16", "int8->fp16" where D is of another type, "fp16 sums=fp16".
std::string DescribeTypes(const v1::GemmProblem& gemm) {
  std::string text = TypeName(gemm.a_type());
  if (gemm.b_type() != gemm.a_type()) absl::StrAppend(&text, "*", TypeName(gemm.b_type()));
  if (gemm.d_type() != gemm.a_type()) absl::StrAppend(&text, "->", TypeName(gemm.d_type()));
  if (gemm.accumulator_type() == v1::DATA_TYPE_FP16) text += " sums=fp16";
  return text;
}

const char* StrideName(v1::Operand operand) {
  switch (operand) {
    case v1::OPERAND_A:
      return "a";
    case v1::OPERAND_B:
      return "b";
    case v1::OPERAND_C:
      return "c";
    case v1::OPERAND_D:
      return "d";
    default:
      return "_aux";
  }
}

// Only the strides that packing does not explain.
std::string DescribeStrides(const v1::GemmProblem& gemm) {
  std::string text;
  for (const StoredMatrix& matrix : StoredMatrices(gemm)) {
    if (!matrix.present) continue;
    if (matrix.stride != matrix.columns) {
      absl::StrAppend(&text, " ld", StrideName(matrix.operand), "=", matrix.stride);
    }
    if (gemm.batch() > 1 && matrix.batch_stride != matrix.rows * matrix.stride) {
      absl::StrAppend(&text, " stride_",
                      matrix.operand == v1::OPERAND_AUX ? "aux" : StrideName(matrix.operand), "=",
                      matrix.batch_stride == kSharedByBatches ? "broadcast"
                                                              : absl::StrCat(matrix.batch_stride));
    }
  }
  return text;
}

// " bias" or, of another type than D, " bias(fp32)".
std::string Part(const char* name, v1::DataType type, v1::DataType d_type) {
  return type == d_type ? absl::StrCat(" ", name)
                        : absl::StrCat(" ", name, "(", TypeName(type), ")");
}

std::string DescribeDropout(const v1::Dropout& dropout) {
  if (dropout.probability() == 0) return "";
  return absl::StrCat(" dropout=", dropout.probability(),
                      dropout.philox_rounds() == 10 ? " rounds=10" : "",
                      dropout.store_mask() ? " mask" : "");
}

std::string DescribeEpilogue(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  const v1::DataType d = gemm.d_type();
  std::string text;
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_COLUMN)
    text += Part("bias", epilogue.bias_type(), d);
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW) {
    text += Part("row_bias", epilogue.bias_type(), d);
  }
  if (epilogue.source_mode() == v1::SOURCE_MODE_ACCUMULATE) {
    text += Part("accumulate", epilogue.source_type(), d);
  }
  if (epilogue.activation() > v1::ACTIVATION_NONE) {
    absl::StrAppend(&text, " ",
                    LowerName(v1::Activation_Name(epilogue.activation()), "ACTIVATION_"));
  }
  if (epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL) {
    text += Part("residual", epilogue.source_type(), d);
  }
  if (epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED) text += Part("aux", epilogue.aux_type(), d);
  text += DescribeDropout(epilogue.dropout());
  if (epilogue.gradient()) text += " gradient";
  if (epilogue.bias_gradient()) text += " bias_gradient";
  if (epilogue.rounding_mode() == v1::ROUNDING_MODE_STOCHASTIC) text += " stochastic";
  if (epilogue.amax()) text += " amax";
  if (epilogue.non_finite_flag()) text += " non_finite_flag";
  if (epilogue.scale_d()) text += " scale_d";
  if (epilogue.device_scalars()) text += " device_scalars";
  return text;
}

std::string DescribeScaling(v1::ScalingMode mode) {
  if (mode == v1::SCALING_MODE_NONE) return "";
  return absl::StrCat(" scales ", LowerName(v1::ScalingMode_Name(mode), "SCALING_MODE_"));
}

std::string DescribeNumerics(const v1::NumericsPolicy& numerics) {
  std::string text;
  if (numerics.determinism() == v1::DETERMINISM_MODE_NOT_REQUIRED) text += " nondeterministic";
  if (numerics.error_budget() > 0) absl::StrAppend(&text, " error<=", numerics.error_budget());
  return text;
}

}  // namespace

std::string DescribeProblem(const v1::Problem& canonical) {
  if (canonical.has_fused_dropout()) return DescribeFusedDropout(canonical.fused_dropout());
  if (!canonical.has_gemm()) return "no problem";
  const v1::GemmProblem& gemm = canonical.gemm();
  return absl::StrCat("gemm ", Letter(gemm.a_layout()), Letter(gemm.b_layout()), " ",
                      DescribeTypes(gemm), " m=", gemm.m(), " n=", gemm.n(), " k=", gemm.k(),
                      gemm.batch() > 1 ? absl::StrCat(" batch=", gemm.batch()) : "",
                      DescribeStrides(gemm), DescribeScaling(gemm.scaling_mode()),
                      DescribeEpilogue(gemm), DescribeNumerics(gemm.numerics()));
}

double FloatingPointOperations(const v1::Problem& canonical) {
  if (!canonical.has_gemm()) return 0;
  const v1::GemmProblem& gemm = canonical.gemm();
  return 2.0 * static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
         static_cast<double>(gemm.k()) * static_cast<double>(gemm.batch());
}

double MinimumBytes(const v1::Problem& canonical) {
  if (canonical.has_fused_dropout()) return FusedDropoutBytes(canonical.fused_dropout());
  const v1::GemmProblem& gemm = canonical.gemm();
  const v1::Epilogue& epilogue = gemm.epilogue();
  double bytes = 0;
  for (const StoredMatrix& matrix : StoredMatrices(gemm)) {
    if (!matrix.present) continue;
    bytes += static_cast<double>(StoredBatches(matrix, gemm.batch())) *
             static_cast<double>(matrix.rows) * static_cast<double>(matrix.columns) *
             StorageBytes(matrix.type);
  }
  // One bias serves every batch.
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_COLUMN) {
    bytes += static_cast<double>(gemm.n()) * StorageBytes(epilogue.bias_type());
  }
  if (epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW) {
    bytes += static_cast<double>(gemm.m()) * StorageBytes(epilogue.bias_type());
  }
  if (epilogue.bias_gradient()) bytes += static_cast<double>(gemm.n()) * sizeof(float);
  if (epilogue.dropout().store_mask()) {
    bytes += static_cast<double>(gemm.batch()) * static_cast<double>(gemm.m()) *
             static_cast<double>(PackedMaskRowBytes(gemm.n()));
  }
  return bytes;
}

}  // namespace tilewright
