// Configs of templates as structs and as messages. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SPACE_CONFIG_CODEC_H_
#define TILEWRIGHT_TUNER_SPACE_CONFIG_CODEC_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "kernel_templates/abi/fused_dropout_config.h"
#include "kernel_templates/abi/gemm_simt_config.h"
#include "kernel_templates/abi/gemm_sm80_config.h"
#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

template <typename ConfigStruct>
struct ParameterField {
  std::string_view name;
  int ConfigStruct::*member;
  int least = 1;
};

// Sorted by name, as a Config is.
inline constexpr std::array<ParameterField<GemmSm80Config>, 10> kGemmSm80Parameters = {{
    {"fp16_sums", &GemmSm80Config::fp16_sums, 0},
    {"raster_group", &GemmSm80Config::raster_group},
    {"split_epilogue", &GemmSm80Config::split_epilogue, 0},
    {"split_k", &GemmSm80Config::split_k},
    {"stages", &GemmSm80Config::stages},
    {"tile_k", &GemmSm80Config::tile_k},
    {"tile_m", &GemmSm80Config::tile_m},
    {"tile_n", &GemmSm80Config::tile_n},
    {"warps_m", &GemmSm80Config::warps_m},
    {"warps_n", &GemmSm80Config::warps_n},
}};

inline constexpr std::array<ParameterField<GemmSimtConfig>, 7> kGemmSimtParameters = {{
    {"raster_group", &GemmSimtConfig::raster_group},
    {"split_k", &GemmSimtConfig::split_k},
    {"thread_m", &GemmSimtConfig::thread_m},
    {"thread_n", &GemmSimtConfig::thread_n},
    {"tile_k", &GemmSimtConfig::tile_k},
    {"tile_m", &GemmSimtConfig::tile_m},
    {"tile_n", &GemmSimtConfig::tile_n},
}};

inline constexpr std::array<ParameterField<GemmSm90Config>, 16> kGemmSm90Parameters = {{
    {"cluster_k", &GemmSm90Config::cluster_k},
    {"cluster_m", &GemmSm90Config::cluster_m},
    {"cluster_n", &GemmSm90Config::cluster_n},
    {"consumers", &GemmSm90Config::consumers},
    {"fp16_sums", &GemmSm90Config::fp16_sums, 0},
    {"ping_pong", &GemmSm90Config::ping_pong, 0},
    {"products", &GemmSm90Config::products},
    {"promote", &GemmSm90Config::promote, 0},
    {"raster_along_n", &GemmSm90Config::raster_along_n, 0},
    {"raster_group", &GemmSm90Config::raster_group},
    {"split_epilogue", &GemmSm90Config::split_epilogue, 0},
    {"split_k", &GemmSm90Config::split_k},
    {"stages", &GemmSm90Config::stages},
    {"swap_ab", &GemmSm90Config::swap_ab, 0},
    {"tile_m", &GemmSm90Config::tile_m},
    {"tile_n", &GemmSm90Config::tile_n},
}};

inline constexpr std::array<ParameterField<FusedDropoutConfig>, 9> kFusedDropoutParameters = {{
    {"column_threads", &FusedDropoutConfig::column_threads},
    {"looped", &FusedDropoutConfig::looped, 0},
    {"prefetch", &FusedDropoutConfig::prefetch, 0},
    {"read_mask", &FusedDropoutConfig::read_mask, 0},
    {"ring_parts", &FusedDropoutConfig::ring_parts, 0},
    {"slots", &FusedDropoutConfig::slots},
    {"threads", &FusedDropoutConfig::threads},
    {"tile_m", &FusedDropoutConfig::tile_m},
    {"vector", &FusedDropoutConfig::vector},
}};

// Values beyond this are no config of any template; below it no product of the first two
// legality rules overflows.
inline constexpr int kMaxParameterValue = 65535;

template <typename ConfigStruct, std::size_t kCount>
v1::Config EncodeConfig(const ConfigStruct& config,
                        const std::array<ParameterField<ConfigStruct>, kCount>& fields) {
  v1::Config message;
  message.mutable_parameters()->Reserve(kCount);
  for (const auto& field : fields) {
    v1::Parameter& parameter = *message.add_parameters();
    parameter.set_name(field.name.data(), field.name.size());
    parameter.set_value(config.*field.member);
  }
  return message;
}

// Nothing unless `message` has exactly these parameters, sorted, each at least what its field
// says and at most kMaxParameterValue.
template <typename ConfigStruct, std::size_t kCount>
std::optional<ConfigStruct> DecodeConfig(
    const v1::Config& message, const std::array<ParameterField<ConfigStruct>, kCount>& fields) {
  if (message.parameters_size() != static_cast<int>(kCount)) return std::nullopt;
  ConfigStruct config{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const v1::Parameter& parameter = message.parameters(static_cast<int>(i));
    if (parameter.name() != fields[i].name || parameter.value() < fields[i].least ||
        parameter.value() > kMaxParameterValue) {
      return std::nullopt;
    }
    config.*fields[i].member = static_cast<int>(parameter.value());
  }
  return config;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_CONFIG_CODEC_H_
