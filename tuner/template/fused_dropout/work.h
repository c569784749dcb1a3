#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_WORK_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_WORK_H_

#include <string_view>

#include "kernel_templates/abi/fused_dropout_config.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Entry symbols of the template, extern "C".
inline constexpr std::string_view kFusedDropoutEntry = "tilewright_fused_dropout";
inline constexpr std::string_view kColumnReduceEntry = "tilewright_column_reduce";

// Returns the facts of the canonical `problem` that decide about resources. `read_mask` is that of
// the config. The template computes the same from its spec. Pure; any thread.
FusedDropoutWork WorkOf(const v1::FusedDropoutProblem& problem, bool read_mask);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_WORK_H_
