#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_

#include <string_view>

#include "tuner/template/template.h"

namespace tilewright {

// Entry symbols of the template, extern "C".
inline constexpr std::string_view kFusedDropoutEntry = "tilewright_fused_dropout";
inline constexpr std::string_view kColumnReduceEntry = "tilewright_column_reduce";

// kernel_templates/dropout/fused_dropout.cuh, for every GPU from 8.0 on.
const Template& FusedDropoutTemplate();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_
