#include "tuner/codegen/fused_dropout_renderer.h"

#include <algorithm>
#include <cstdint>

#include "proto/problem/data_type.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/codegen/renderer.h"
#include "tuner/codegen/template_names.h"
#include "tuner/codegen/variant_config.h"

namespace tilewright {
namespace {

const char* OperationName(v1::DropoutOperation operation) {
  switch (operation) {
    case v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL:
      return "DropoutOperation::kBiasDropoutResidual";
    case v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT:
      return "DropoutOperation::kBiasActivationDropout";
    default:
      return "DropoutOperation::kDropout";
  }
}

const char* NormalizationName(v1::Normalization normalization) {
  return normalization == v1::NORMALIZATION_LAYER_NORM ? "Normalization::kLayerNorm"
                                                       : "Normalization::kRmsNorm";
}

std::string Access(int64_t stride, v1::DataType type) {
  return std::to_string(AccessBytes(stride, 0, 1, ElementBytes(type)));
}

// Fields that keep their defaults are left out.
std::string RenderSpec(const v1::FusedDropoutProblem& problem) {
  std::string text = "FusedDropoutSpec{.type = " + TemplateType(problem.type()) +
                     ", .x_access_bytes = " + Access(problem.x_stride(), problem.type()) +
                     ", .y_access_bytes = " + Access(problem.y_stride(), problem.type()) +
                     ", .operation = " + OperationName(problem.operation());
  if (problem.activation() > v1::ACTIVATION_NONE) {
    text += ", .activation = " + ActivationName(problem.activation());
  }
  if (Normalizes(problem)) {
    text += std::string(", .normalization = ") + NormalizationName(problem.normalization());
  }
  if (problem.backward()) text += ", .backward = true";
  if (DropsElements(problem)) {
    text += ", .dropout_rounds = " + std::to_string(problem.dropout().philox_rounds());
    if (problem.dropout().store_mask()) text += ", .store_mask = true";
  }
  if (problem.store_statistics()) text += ", .store_statistics = true";
  if (problem.store_pre_norm()) text += ", .store_pre_norm = true";
  if (problem.add_gradient()) text += ", .add_gradient = true";
  if (HasBias(problem)) text += ", .bias_type = " + TemplateType(problem.bias_type());
  if (HasResidual(problem)) {
    text += ", .residual_type = " + TemplateType(problem.residual_type());
    if (problem.residual_stride() > 0) {
      text += ", .residual_access_bytes = " +
              Access(problem.residual_stride(), problem.residual_type());
    }
  }
  if (Normalizes(problem)) text += ", .weight_type = " + TemplateType(problem.weight_type());
  if (HasPreNorm(problem)) {
    text += ", .pre_norm_type = " + TemplateType(PreNormType(problem)) +
            ", .pre_norm_access_bytes = " + Access(problem.pre_norm_stride(), PreNormType(problem));
  }
  return text + "}";
}

std::string RenderConfig(const FusedDropoutConfig& config) {
  return "FusedDropoutConfig{.vector = " + std::to_string(config.vector) +
         ", .slots = " + std::to_string(config.slots) +
         ", .column_threads = " + std::to_string(config.column_threads) +
         ", .threads = " + std::to_string(config.threads) +
         ", .tile_m = " + std::to_string(config.tile_m) +
         (config.read_mask ? ", .read_mask = 1" : "") + (config.prefetch ? ", .prefetch = 1" : "") +
         (config.looped ? ", .looped = 1" : "") +
         (config.ring_parts ? ", .ring_parts = " + std::to_string(config.ring_parts) : "") + "}";
}

}  // namespace

FusedDropoutWork WorkOf(const v1::FusedDropoutProblem& problem, bool read_mask) {
  FusedDropoutWork work = {};
  work.backward = problem.backward();
  work.least_access = 16;
  for (const TensorUse& use : TensorsOf(problem)) {
    if (use.written || !use.IsMatrix()) continue;
    const int bytes = StorageBytes(use.layout.type);
    ++work.row_tensors;
    work.row_bytes += bytes;
    work.least_access =
        std::min(work.least_access, AccessBytes(use.layout.row_stride, 0, 1, bytes));
  }
  const bool reads = problem.backward() && problem.dropout().store_mask() && read_mask;
  work.normalizes = Normalizes(problem);
  if (problem.backward()) {
    work.held_values =
        (Normalizes(problem) ? 2 : 0) + (problem.activation() > v1::ACTIVATION_NONE ? 1 : 0);
  } else {
    work.held_values = Normalizes(problem) ? 2 : HasBias(problem) ? 1 : 0;
  }
  work.drops = DropsElements(problem) && !reads;
  work.column_sums = ColumnSums(problem);
  work.column_terms =
      (Normalizes(problem) ? 1 : 0) + (problem.activation() > v1::ACTIVATION_NONE ? 1 : 0);
  return work;
}

absl::StatusOr<std::string> RenderFusedDropout(const v1::FusedDropoutProblem& problem,
                                               const v1::Variant& variant) {
  if (variant.template_name() != "fused_dropout") {
    return InvalidField("variant.template_name", "UNKNOWN_TEMPLATE", variant.template_name());
  }
  ASSIGN_OR_RETURN(const FusedDropoutConfig config, ParseFusedDropoutConfig(variant.config()));
  const FusedDropoutWork work = WorkOf(problem, config.read_mask == 1);
  if (!IsLegal(config, work)) {
    return InvalidField("variant.config", "ILLEGAL_CONFIG",
                        "breaks a legality rule of its template");
  }
  std::string text =
      "#include \"dropout/fused_dropout.cuh\"\n\nusing namespace tilewright;\n"
      "using Variant = FusedDropout<\n    " +
      RenderSpec(problem) + ",\n    " + RenderConfig(config) +
      ">;\nTILEWRIGHT_FUSED_DROPOUT_ENTRY(Variant)\n";
  if (work.column_sums > 0) text += "TILEWRIGHT_COLUMN_REDUCE_ENTRY(Variant)\n";
  return text;
}

}  // namespace tilewright
