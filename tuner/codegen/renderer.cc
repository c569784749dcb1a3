#include "tuner/codegen/renderer.h"

#include <algorithm>
#include <cstdint>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/batch_stride.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/problem/precision.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/codegen/fused_dropout_renderer.h"
#include "tuner/codegen/template_names.h"
#include "tuner/codegen/variant_config.h"

namespace tilewright {
namespace {

constexpr char kPlainEntry[] = "TILEWRIGHT_GEMM_ENTRY";

std::string ScalingName(v1::ScalingMode mode) {
  switch (mode) {
    case v1::SCALING_MODE_PER_TENSOR:
      return "Scaling::kPerTensor";
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return "Scaling::kPerRowColumn";
    case v1::SCALING_MODE_BLOCK_128:
      return "Scaling::kBlock128";
    default:
      return "Scaling::kNone";
  }
}

// Designated initializers of an OperandSpec.
std::string RenderOperand(v1::DataType type, bool k_major, int access_bytes) {
  return "OperandSpec{.type = " + TemplateType(type) +
         ", .k_major = " + (k_major ? "true" : "false") +
         ", .access_bytes = " + std::to_string(access_bytes) + "}";
}

int AccessBytesOfA(const v1::GemmProblem& gemm) {
  return AccessBytes(gemm.lda(), gemm.a_batch_stride(), gemm.batch(), ElementBytes(gemm.a_type()));
}

int AccessBytesOfB(const v1::GemmProblem& gemm) {
  return AccessBytes(gemm.ldb(), gemm.b_batch_stride(), gemm.batch(), ElementBytes(gemm.b_type()));
}

std::string RenderA(const v1::GemmProblem& gemm) {
  return RenderOperand(gemm.a_type(), gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL,
                       AccessBytesOfA(gemm));
}

std::string RenderB(const v1::GemmProblem& gemm) {
  return RenderOperand(gemm.b_type(), gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED,
                       AccessBytesOfB(gemm));
}

// Fields that keep their defaults are left out.
std::string RenderEpilogue(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  const auto access = [&](int64_t stride, int64_t batch_stride, v1::DataType type) {
    return std::to_string(AccessBytes(stride, batch_stride, gemm.batch(), ElementBytes(type)));
  };
  std::string text = "EpilogueSpec{.d_type = " + TemplateType(gemm.d_type()) +
                     ", .d_access_bytes = " + std::to_string(AccessBytesOfD(gemm));
  if (HasBias(epilogue)) {
    const bool per_row = epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW;
    text += std::string(", .bias = Bias::") + (per_row ? "kPerRow" : "kPerColumn") +
            ", .bias_type = " + TemplateType(epilogue.bias_type());
  }
  if (HasSource(epilogue)) {
    const bool residual = epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
    text += std::string(", .source = Source::") + (residual ? "kResidual" : "kAccumulate") +
            ", .source_type = " + TemplateType(epilogue.source_type()) +
            ", .source_access_bytes = " +
            access(gemm.ldc(), gemm.c_batch_stride(), epilogue.source_type());
  }
  if (HasActivation(epilogue)) text += ", .activation = " + ActivationName(epilogue.activation());
  if (epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED) {
    text += ", .aux_type = " + TemplateType(epilogue.aux_type()) + ", .aux_access_bytes = " +
            access(gemm.ld_aux(), gemm.aux_batch_stride(), epilogue.aux_type());
  }
  if (RoundsStochastically(epilogue)) text += ", .stochastic_rounding = true";
  if (epilogue.amax()) text += ", .amax = true";
  if (epilogue.non_finite_flag()) text += ", .non_finite_flag = true";
  if (IsScaled(gemm)) text += ", .scaling = " + ScalingName(gemm.scaling_mode());
  if (epilogue.scale_d()) text += ", .scale_d = true";
  if (HasDropout(epilogue)) {
    text += ", .dropout_rounds = " + std::to_string(epilogue.dropout().philox_rounds());
  }
  if (StoresMask(epilogue)) text += ", .store_mask = true";
  if (epilogue.gradient()) text += ", .gradient = true";
  if (epilogue.bias_gradient()) text += ", .bias_gradient = true";
  if (epilogue.device_scalars()) text += ", .device_scalars = true";
  return text + "}";
}

// Of the first launch of a split epilogue.
std::string RenderSplitEpilogue(const v1::GemmProblem& gemm) {
  std::string text = RenderEpilogue(GemmOfSplit(gemm));
  if (WritesAux(gemm.epilogue())) {
    text.insert(text.size() - 1, ", .to_aux = true");
  }
  return text;
}

// split_k and raster_group are run-time values: their place holds 1, so that variants that
// differ in them alone share a compile.
std::string RenderConfig(const GemmSm80Config& config) {
  return "GemmSm80Config{.tile_m = " + std::to_string(config.tile_m) +
         ", .tile_n = " + std::to_string(config.tile_n) +
         ", .tile_k = " + std::to_string(config.tile_k) +
         ", .warps_m = " + std::to_string(config.warps_m) +
         ", .warps_n = " + std::to_string(config.warps_n) +
         ", .stages = " + std::to_string(config.stages) + ", .split_k = 1, .raster_group = 1" +
         (config.fp16_sums ? ", .fp16_sums = 1}" : "}");
}

std::string RenderConfig(const GemmSimtConfig& config) {
  return "GemmSimtConfig{.tile_m = " + std::to_string(config.tile_m) +
         ", .tile_n = " + std::to_string(config.tile_n) +
         ", .tile_k = " + std::to_string(config.tile_k) +
         ", .thread_m = " + std::to_string(config.thread_m) +
         ", .thread_n = " + std::to_string(config.thread_n) + ", .split_k = 1, .raster_group = 1}";
}

std::string RenderConfig(const GemmSm90Config& config) {
  return "GemmSm90Config{.tile_m = " + std::to_string(config.tile_m) +
         ", .tile_n = " + std::to_string(config.tile_n) +
         ", .stages = " + std::to_string(config.stages) +
         ", .consumers = " + std::to_string(config.consumers) +
         ", .ping_pong = " + std::to_string(config.ping_pong) +
         ", .cluster_m = " + std::to_string(config.cluster_m) +
         ", .cluster_n = " + std::to_string(config.cluster_n) +
         ", .cluster_k = " + std::to_string(config.cluster_k) +
         ", .promote = " + std::to_string(config.promote) +
         (config.products != 1 ? ", .products = " + std::to_string(config.products) : "") +
         (config.fp16_sums ? ", .fp16_sums = 1" : "") +
         ", .swap_ab = " + std::to_string(config.swap_ab) +
         ", .split_k = 1, .raster_group = 1, .raster_along_n = 0}";
}

std::string RenderUnit(const std::string& header, const std::string& template_class,
                       const std::string& entry, const v1::GemmProblem& gemm,
                       const std::string& config, int split_k, int split_epilogue) {
  const bool splits_k = split_k > 1;
  std::string text =
      "#include \"" + header + "\"\n\nusing namespace tilewright;\n" +
      "using Variant = " + template_class + "<\n    " + RenderA(gemm) + ",\n    " + RenderB(gemm) +
      ",\n    " + (split_epilogue ? RenderSplitEpilogue(gemm) : RenderEpilogue(gemm)) + ",\n    " +
      config + ", " + (splits_k ? "true" : "false") + ">;\n" + entry + "(Variant)\n";
  if (splits_k) text += "TILEWRIGHT_REDUCE_ENTRY(Variant)\n";
  if (split_epilogue) {
    text += "using Rest = SplitEpilogue<" + RenderEpilogue(gemm) +
            ">;\nTILEWRIGHT_SPLIT_EPILOGUE_ENTRY(Rest)\n";
  }
  if (gemm.epilogue().bias_gradient()) {
    text += std::string("TILEWRIGHT_COLUMN_SUMS_ENTRY(") + (split_epilogue ? "Rest" : "Variant") +
            ")\n";
  }
  return text;
}

absl::Status CheckEpilogue(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  if (gemm.d_type() == v1::DATA_TYPE_INT32 &&
      (HasBias(epilogue) || HasSource(epilogue) || HasActivation(epilogue) || HasAux(epilogue) ||
       RoundsStochastically(epilogue) || epilogue.amax() || epilogue.non_finite_flag() ||
       HasDropout(epilogue) || epilogue.gradient())) {
    return InvalidField("gemm.epilogue", "INTEGER_OUTPUT", "an INT32 D takes no epilogue");
  }
  if (HasBias(epilogue) && !IsStoredFloat(epilogue.bias_type())) {
    return InvalidField("gemm.epilogue.bias_type", "UNSUPPORTED_TYPE", "must be a float type");
  }
  if (HasSource(epilogue) && !IsStoredFloat(epilogue.source_type())) {
    return InvalidField("gemm.epilogue.source_type", "UNSUPPORTED_TYPE", "must be a float type");
  }
  if (epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED && !IsStoredFloat(epilogue.aux_type()) &&
      !IsFp8(epilogue.aux_type())) {
    return InvalidField("gemm.epilogue.aux_type", "UNSUPPORTED_TYPE", "must be a float type");
  }
  if (RoundsStochastically(epilogue) && ElementBytes(gemm.d_type()) != 2) {
    return InvalidField("gemm.epilogue.rounding_mode", "UNSUPPORTED_ROUNDING",
                        "stochastic rounding is for 16-bit outputs");
  }
  if (epilogue.scale_d() && !IsFp8(gemm.d_type())) {
    return InvalidField("gemm.epilogue.scale_d", "UNSUPPORTED_TYPE", "is for an fp8 D");
  }
  return absl::OkStatus();
}

absl::Status CheckScaling(const v1::GemmProblem& gemm) {
  const bool scales_integers = gemm.a_type() == v1::DATA_TYPE_INT8 &&
                               IsStoredFloat(gemm.d_type()) &&
                               gemm.scaling_mode() != v1::SCALING_MODE_BLOCK_128;
  if (!IsScaled(gemm) || IsFp8(gemm.a_type()) || scales_integers) return absl::OkStatus();
  return InvalidField("gemm.scaling_mode", "UNSUPPORTED_SCALING",
                      "no template scales these types so");
}

absl::Status CheckTypes(const v1::GemmProblem& gemm) {
  if (gemm.a_type() != gemm.b_type() && !(IsFp8(gemm.a_type()) && IsFp8(gemm.b_type()))) {
    return InvalidField("gemm.b_type", "UNSUPPORTED_TYPE", "must be the type of A");
  }
  const bool is_integer = gemm.a_type() == v1::DATA_TYPE_INT8;
  if (!IsStoredFloat(gemm.d_type()) && !(is_integer && gemm.d_type() == v1::DATA_TYPE_INT32) &&
      !(IsFp8(gemm.a_type()) && IsFp8(gemm.d_type()))) {
    return InvalidField("gemm.d_type", "UNSUPPORTED_TYPE", "no template writes this type");
  }
  RETURN_IF_ERROR(CheckScaling(gemm));
  return CheckEpilogue(gemm);
}

absl::Status CheckSplits(const v1::GemmProblem& gemm, int split_k, int split_epilogue) {
  if (split_epilogue == 0 || (split_k == 1 && SplitsEpilogue(gemm))) return absl::OkStatus();
  return InvalidField("variant.config.split_epilogue", "ILLEGAL_CONFIG",
                      "breaks SplitsEpilogueAlone");
}

// The problem with the types that the variant's precision multiplies: fp32 inputs are read as
// tf32 by the tensor core.
absl::StatusOr<v1::GemmProblem> WithComputeTypes(v1::GemmProblem gemm, const v1::Variant& variant) {
  const v1::Precision precision = PrecisionOf(gemm, variant);
  const v1::DataType sums = ComputeTypesOf(gemm.a_type(), precision).sums;
  if (gemm.accumulator_type() != v1::DATA_TYPE_UNSPECIFIED && gemm.accumulator_type() != sums) {
    return InvalidField("gemm.accumulator_type", "UNSUPPORTED_TYPE",
                        "is not what the variant sums in");
  }
  if (!Admits(gemm, precision)) {
    return InvalidField("variant.config", "UNSUPPORTED_TYPE",
                        "multiplies or sums otherwise than the problem admits");
  }
  gemm.set_a_type(ComputeTypesOf(gemm.a_type(), precision).input);
  gemm.set_b_type(ComputeTypesOf(gemm.b_type(), precision).input);
  return gemm;
}

absl::StatusOr<std::string> RenderGemm(const v1::GemmProblem& stored, const v1::Variant& variant) {
  RETURN_IF_ERROR(CheckTypes(stored));
  ASSIGN_OR_RETURN(const v1::GemmProblem gemm, WithComputeTypes(stored, variant));
  const v1::DataType type = gemm.a_type();
  if (variant.template_name() == "gemm_sm80") {
    if (type != v1::DATA_TYPE_BF16 && type != v1::DATA_TYPE_FP16 && type != v1::DATA_TYPE_TF32 &&
        type != v1::DATA_TYPE_INT8) {
      return InvalidField("gemm.a_type", "UNSUPPORTED_TYPE",
                          "gemm_sm80 multiplies BF16, FP16, TF32 and INT8");
    }
    ASSIGN_OR_RETURN(const GemmSm80Config config,
                     ParseGemmSm80Config(variant.config(), ElementBytes(type),
                                         std::min(AccessBytesOfA(gemm), AccessBytesOfB(gemm))));
    RETURN_IF_ERROR(CheckSplits(gemm, config.split_k, config.split_epilogue));
    return RenderUnit("gemm/gemm_sm80.cuh", "GemmSm80", kPlainEntry, gemm, RenderConfig(config),
                      config.split_k, config.split_epilogue);
  }
  if (variant.template_name() == "gemm_sm90") {
    ASSIGN_OR_RETURN(const GemmSm90Config config, ParseGemmSm90Config(variant.config()));
    if (gemm.scaling_mode() == v1::SCALING_MODE_BLOCK_128 && !BlockScalesFit(config)) {
      return InvalidField("variant.config", "ILLEGAL_CONFIG", "breaks BlocksHaveScales");
    }
    RETURN_IF_ERROR(CheckSplits(gemm, config.split_k, config.split_epilogue));
    return "#define TILEWRIGHT_WGMMA_COLUMNS " + std::to_string(CoreColumns(config)) + "\n" +
           RenderUnit("gemm/gemm_sm90.cuh", "GemmSm90", "TILEWRIGHT_TMA_GEMM_ENTRY", gemm,
                      RenderConfig(config), config.split_k, config.split_epilogue);
  }
  if (variant.template_name() == "gemm_simt") {
    if (type != v1::DATA_TYPE_FP32) {
      return InvalidField("gemm.a_type", "UNSUPPORTED_TYPE", "gemm_simt multiplies FP32");
    }
    ASSIGN_OR_RETURN(const GemmSimtConfig config, ParseGemmSimtConfig(variant.config()));
    return RenderUnit("gemm/gemm_simt.cuh", "GemmSimt", kPlainEntry, gemm, RenderConfig(config),
                      config.split_k, /*split_epilogue=*/0);
  }
  return InvalidField("variant.template_name", "UNKNOWN_TEMPLATE", variant.template_name());
}

}  // namespace

absl::StatusOr<std::string> RenderSource(const v1::Problem& problem, const v1::Variant& variant) {
  if (problem.has_fused_dropout()) return RenderFusedDropout(problem.fused_dropout(), variant);
  if (!problem.has_gemm()) {
    return Unimplemented("problem.kind", "no template of this version serves this kind");
  }
  return RenderGemm(problem.gemm(), variant);
}

int AccessBytes(int64_t row_stride, int64_t batch_stride, int64_t batch, int element_bytes) {
  const bool has_stride = batch > 1 && batch_stride != kSharedByBatches;
  const int64_t strides =
      row_stride * element_bytes | (has_stride ? batch_stride * element_bytes : 0) | 16;
  return static_cast<int>(strides & -strides);
}

int AccessBytesOfD(const v1::GemmProblem& gemm) {
  const int bytes = ElementBytes(gemm.d_type());
  return std::min(AccessBytes(gemm.ldd(), gemm.d_batch_stride(), gemm.batch(), bytes),
                  AccessBytes(gemm.n(), 0, 1, bytes));
}

int ElementBytes(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_FP32:
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_INT32:
      return 4;
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
      return 2;
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
    case v1::DATA_TYPE_INT8:
      return 1;
    default:
      return 0;
  }
}

}  // namespace tilewright
