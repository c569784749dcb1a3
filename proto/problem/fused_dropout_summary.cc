#include "proto/problem/fused_dropout_summary.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout_layout.h"

namespace tilewright {
namespace {

std::string LowerName(const std::string& name, const char* prefix) {
  return absl::AsciiStrToLower(name.substr(std::strlen(prefix)));
}

// " bias" or, of another type than x, " bias(fp32)".
std::string Part(const char* name, v1::DataType type, v1::DataType x_type) {
  return type == x_type ? absl::StrCat(" ", name)
                        : absl::StrCat(" ", name, "(", TypeName(type), ")");
}

std::string Stride(const char* name, int64_t stride, int64_t columns) {
  return stride == 0 || stride == columns ? "" : absl::StrCat(" ", name, "_stride=", stride);
}

}  // namespace

std::string DescribeFusedDropout(const v1::FusedDropoutProblem& canonical) {
  const v1::DataType type = canonical.type();
  const int64_t columns = canonical.columns();
  std::string text =
      absl::StrCat("dropout ", TypeName(type), " rows=", canonical.rows(), " columns=", columns);
  if (canonical.has_dropout()) absl::StrAppend(&text, " p=", canonical.dropout().probability());
  if (canonical.dropout().philox_rounds() == 10) text += " rounds=10";
  if (canonical.dropout().store_mask()) text += " mask";
  text += Stride("x", canonical.x_stride(), columns);
  text += Stride("residual", canonical.residual_stride(), columns);
  text += Stride("y", canonical.y_stride(), columns);
  text += Stride("pre_norm", canonical.pre_norm_stride(), columns);
  if (HasBias(canonical)) text += Part("bias", canonical.bias_type(), type);
  if (canonical.activation() > v1::ACTIVATION_NONE) {
    absl::StrAppend(&text, " ",
                    LowerName(v1::Activation_Name(canonical.activation()), "ACTIVATION_"));
  }
  if (HasResidual(canonical)) text += Part("residual", canonical.residual_type(), type);
  if (Normalizes(canonical)) {
    text +=
        Part(LowerName(v1::Normalization_Name(canonical.normalization()), "NORMALIZATION_").c_str(),
             canonical.weight_type(), type);
  }
  if (canonical.store_statistics()) text += " statistics";
  if (canonical.store_pre_norm()) text += " pre_norm";
  if (canonical.add_gradient()) text += " add_gradient";
  if (canonical.backward()) text += " backward";
  return text;
}

}  // namespace tilewright
