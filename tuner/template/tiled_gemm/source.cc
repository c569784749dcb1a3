#include "tuner/template/tiled_gemm/source.h"

#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "tuner/model/requirements.h"
#include "tuner/template/spec_text.h"
#include "tuner/template/tiled_gemm/rules.h"

namespace tilewright {
namespace {

// Returns the designated initializers of an OperandSpec.
std::string RenderOperand(v1::DataType type, bool k_major, int access_bytes) {
  return "OperandSpec{.type = " + SpecValue("Type", type) +
         ", .k_major = " + (k_major ? "true" : "false") +
         ", .access_bytes = " + std::to_string(access_bytes) + "}";
}

// Omits fields that keep their defaults.
std::string RenderEpilogue(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  const v1::Requirements requirements = RequirementsOf(gemm);
  std::string text = "EpilogueSpec{.d_type = " + SpecValue("Type", gemm.d_type()) +
                     ", .d_access_bytes = " + std::to_string(requirements.d_alignment());
  if (HasBias(epilogue)) {
    text += ", .bias = " + SpecValue("Bias", epilogue.bias_mode()) +
            ", .bias_type = " + SpecValue("Type", epilogue.bias_type());
  }
  if (HasSource(epilogue)) {
    text += ", .source = " + SpecValue("Source", epilogue.source_mode()) +
            ", .source_type = " + SpecValue("Type", epilogue.source_type()) +
            ", .source_access_bytes = " + std::to_string(requirements.c_alignment());
  }
  if (HasActivation(epilogue))
    text += ", .activation = " + SpecValue("Activation", epilogue.activation());
  if (HasAux(epilogue)) {
    text += ", .aux_type = " + SpecValue("Type", epilogue.aux_type()) +
            ", .aux_access_bytes = " + std::to_string(requirements.aux_alignment());
  }
  if (RoundsStochastically(epilogue)) text += ", .stochastic_rounding = true";
  if (epilogue.amax()) text += ", .amax = true";
  if (epilogue.non_finite_flag()) text += ", .non_finite_flag = true";
  if (IsScaled(gemm)) text += ", .scaling = " + SpecValue("Scaling", gemm.scaling_mode());
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

// Renders the first launch of a split epilogue.
std::string RenderSplitEpilogue(const v1::GemmProblem& gemm) {
  std::string text = RenderEpilogue(GemmOfSplit(gemm));
  if (WritesAux(gemm.epilogue())) {
    text.insert(text.size() - 1, ", .to_aux = true");
  }
  return text;
}

}  // namespace

std::string GemmSource(v1::GemmProblem gemm, const GemmInstance& instance) {
  gemm.set_a_type(ComputeTypesOf(gemm.a_type(), instance.precision).input);
  gemm.set_b_type(ComputeTypesOf(gemm.b_type(), instance.precision).input);
  const v1::Requirements requirements = RequirementsOf(gemm);
  std::string text =
      instance.defines + "#include \"" + instance.header + "\"\n\nusing namespace tilewright;\n" +
      "using Variant = " + instance.template_class + "<\n    " +
      RenderOperand(gemm.a_type(), AIsKMajor(gemm), requirements.a_alignment()) + ",\n    " +
      RenderOperand(gemm.b_type(), BIsKMajor(gemm), requirements.b_alignment()) + ",\n    " +
      (instance.splits_epilogue ? RenderSplitEpilogue(gemm) : RenderEpilogue(gemm)) + ",\n    " +
      instance.config + ", " + (instance.splits_k ? "true" : "false") + ">;\n" + instance.entry +
      "(Variant)\n";
  if (instance.splits_k) text += "TILEWRIGHT_REDUCE_ENTRY(Variant)\n";
  if (instance.splits_epilogue) {
    text += "using Rest = SplitEpilogue<" + RenderEpilogue(gemm) +
            ">;\nTILEWRIGHT_SPLIT_EPILOGUE_ENTRY(Rest)\n";
  }
  if (gemm.epilogue().bias_gradient()) {
    text += std::string("TILEWRIGHT_COLUMN_SUMS_ENTRY(") +
            (instance.splits_epilogue ? "Rest" : "Variant") + ")\n";
  }
  return text;
}

}  // namespace tilewright
