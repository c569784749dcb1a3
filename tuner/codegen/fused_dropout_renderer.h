#ifndef TILEWRIGHT_TUNER_CODEGEN_FUSED_DROPOUT_RENDERER_H_
#define TILEWRIGHT_TUNER_CODEGEN_FUSED_DROPOUT_RENDERER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kernel_templates/abi/fused_dropout_config.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Entry symbols of the fused-dropout template, extern "C".
inline constexpr std::string_view kFusedDropoutEntry = "tilewright_fused_dropout";
inline constexpr std::string_view kColumnReduceEntry = "tilewright_column_reduce";

// What of the canonical `problem` decides about resources; `read_mask` as the config has it. The
// template finds the same from its spec.
FusedDropoutWork WorkOf(const v1::FusedDropoutProblem& problem, bool read_mask);

// As RenderSource, of this kind.
absl::StatusOr<std::string> RenderFusedDropout(const v1::FusedDropoutProblem& problem,
                                               const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_FUSED_DROPOUT_RENDERER_H_
