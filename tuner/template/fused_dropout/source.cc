#include "tuner/template/fused_dropout/source.h"

#include <cstdint>

#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tuner/model/requirements.h"
#include "tuner/template/spec_text.h"

namespace tilewright {
namespace {

std::string Access(int64_t stride, v1::DataType type) {
  return std::to_string(AccessBytes(stride, 0, 1, StorageBytes(type)));
}

// Fields that keep their defaults are left out.
std::string RenderSpec(const v1::FusedDropoutProblem& problem) {
  std::string text = "FusedDropoutSpec{.type = " + SpecValue("Type", problem.type()) +
                     ", .x_access_bytes = " + Access(problem.x_stride(), problem.type()) +
                     ", .y_access_bytes = " + Access(problem.y_stride(), problem.type()) +
                     ", .operation = " + SpecValue("DropoutOperation", problem.operation());
  if (problem.activation() > v1::ACTIVATION_NONE) {
    text += ", .activation = " + SpecValue("Activation", problem.activation());
  }
  if (Normalizes(problem)) {
    text += ", .normalization = " + SpecValue("Normalization", problem.normalization());
  }
  if (problem.backward()) text += ", .backward = true";
  if (DropsElements(problem)) {
    text += ", .dropout_rounds = " + std::to_string(problem.dropout().philox_rounds());
    if (problem.dropout().store_mask()) text += ", .store_mask = true";
  }
  if (problem.store_statistics()) text += ", .store_statistics = true";
  if (problem.store_pre_norm()) text += ", .store_pre_norm = true";
  if (problem.add_gradient()) text += ", .add_gradient = true";
  if (HasBias(problem)) text += ", .bias_type = " + SpecValue("Type", problem.bias_type());
  if (HasResidual(problem)) {
    text += ", .residual_type = " + SpecValue("Type", problem.residual_type());
    if (problem.residual_stride() > 0) {
      text += ", .residual_access_bytes = " +
              Access(problem.residual_stride(), problem.residual_type());
    }
  }
  if (Normalizes(problem)) text += ", .weight_type = " + SpecValue("Type", problem.weight_type());
  if (HasPreNorm(problem)) {
    text += ", .pre_norm_type = " + SpecValue("Type", PreNormType(problem)) +
            ", .pre_norm_access_bytes = " + Access(problem.pre_norm_stride(), PreNormType(problem));
  }
  return text + "}";
}

}  // namespace

std::string FusedDropoutSource(const v1::FusedDropoutProblem& problem, const std::string& header,
                               const std::string& config) {
  std::string text = "#include \"" + header + "\"\n\nusing namespace tilewright;\n" +
                     "using Variant = FusedDropout<\n    " + RenderSpec(problem) + ",\n    " +
                     config + ">;\nTILEWRIGHT_FUSED_DROPOUT_ENTRY(Variant)\n";
  if (ColumnSums(problem) > 0) text += "TILEWRIGHT_COLUMN_REDUCE_ENTRY(Variant)\n";
  return text;
}

}  // namespace tilewright
