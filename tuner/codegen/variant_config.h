// From the named parameters of a v1::Config to the config structures of the templates.
#ifndef TILEWRIGHT_TUNER_CODEGEN_VARIANT_CONFIG_H_
#define TILEWRIGHT_TUNER_CODEGEN_VARIANT_CONFIG_H_

#include "absl/status/statusor.h"
#include "kernel_templates/abi/fused_dropout_config.h"
#include "kernel_templates/abi/gemm_simt_config.h"
#include "kernel_templates/abi/gemm_sm80_config.h"
#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// INVALID_ARGUMENT where a parameter is missing, repeated, unknown or out of the range of
// int, or where the config is not legal. `narrowest_access`: as of IsLegal.
absl::StatusOr<GemmSm80Config> ParseGemmSm80Config(const v1::Config& config, int element_bytes,
                                                   int narrowest_access);
absl::StatusOr<GemmSm90Config> ParseGemmSm90Config(const v1::Config& config);
absl::StatusOr<GemmSimtConfig> ParseGemmSimtConfig(const v1::Config& config);

// Without the rules that depend on the problem (IsLegal).
absl::StatusOr<FusedDropoutConfig> ParseFusedDropoutConfig(const v1::Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_VARIANT_CONFIG_H_
