#include "tuner/codegen/variant_config.h"

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

using Fields = std::vector<std::pair<std::string, int*>>;

absl::Status FillFields(const v1::Config& config, const Fields& fields) {
  std::map<std::string, int64_t> values;
  for (const v1::Parameter& parameter : config.parameters()) {
    if (!values.emplace(parameter.name(), parameter.value()).second) {
      return InvalidField("variant.config." + parameter.name(), "REPEATED_PARAMETER",
                          "is given twice");
    }
  }
  for (const auto& [name, target] : fields) {
    const auto found = values.find(name);
    if (found == values.end()) {
      return InvalidField("variant.config." + name, "MISSING_PARAMETER", "is not given");
    }
    if (found->second < 0 || found->second > std::numeric_limits<int>::max()) {
      return InvalidField("variant.config." + name, "PARAMETER_OUT_OF_RANGE",
                          std::to_string(found->second));
    }
    *target = static_cast<int>(found->second);
    values.erase(found);
  }
  if (!values.empty()) {
    return InvalidField("variant.config." + values.begin()->first, "UNKNOWN_PARAMETER",
                        "the template has no such parameter");
  }
  return absl::OkStatus();
}

// The rules divide by parameters: none may be zero.
absl::Status CheckPositive(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (*value < 1) {
      return InvalidField("variant.config." + name, "PARAMETER_OUT_OF_RANGE", "must be positive");
    }
  }
  return absl::OkStatus();
}

absl::Status IllegalConfig() {
  return InvalidField("variant.config", "ILLEGAL_CONFIG", "breaks a legality rule of its template");
}

}  // namespace

absl::StatusOr<GemmSm80Config> ParseGemmSm80Config(const v1::Config& config, int element_bytes,
                                                   int narrowest_access) {
  GemmSm80Config parsed = {};
  const Fields divisors = {
      {"tile_m", &parsed.tile_m},   {"tile_n", &parsed.tile_n},
      {"tile_k", &parsed.tile_k},   {"warps_m", &parsed.warps_m},
      {"warps_n", &parsed.warps_n}, {"stages", &parsed.stages},
      {"split_k", &parsed.split_k}, {"raster_group", &parsed.raster_group},
  };
  Fields fields = divisors;
  fields.insert(fields.end(),
                {{"fp16_sums", &parsed.fp16_sums}, {"split_epilogue", &parsed.split_epilogue}});
  RETURN_IF_ERROR(FillFields(config, fields));
  RETURN_IF_ERROR(CheckPositive(divisors));
  if (!IsLegal(parsed, element_bytes, narrowest_access)) return IllegalConfig();
  return parsed;
}

absl::StatusOr<GemmSm90Config> ParseGemmSm90Config(const v1::Config& config) {
  GemmSm90Config parsed = {};
  const Fields divisors = {
      {"tile_m", &parsed.tile_m},
      {"tile_n", &parsed.tile_n},
      {"stages", &parsed.stages},
      {"consumers", &parsed.consumers},
      {"cluster_m", &parsed.cluster_m},
      {"cluster_n", &parsed.cluster_n},
      {"cluster_k", &parsed.cluster_k},
      {"split_k", &parsed.split_k},
      {"raster_group", &parsed.raster_group},
      {"products", &parsed.products},
  };
  Fields fields = divisors;
  fields.insert(fields.end(), {{"ping_pong", &parsed.ping_pong},
                               {"promote", &parsed.promote},
                               {"fp16_sums", &parsed.fp16_sums},
                               {"swap_ab", &parsed.swap_ab},
                               {"split_epilogue", &parsed.split_epilogue},
                               {"raster_along_n", &parsed.raster_along_n}});
  RETURN_IF_ERROR(FillFields(config, fields));
  RETURN_IF_ERROR(CheckPositive(divisors));
  if (!IsLegal(parsed)) return IllegalConfig();
  return parsed;
}

absl::StatusOr<GemmSimtConfig> ParseGemmSimtConfig(const v1::Config& config) {
  GemmSimtConfig parsed = {};
  const Fields fields = {
      {"tile_m", &parsed.tile_m},
      {"tile_n", &parsed.tile_n},
      {"tile_k", &parsed.tile_k},
      {"thread_m", &parsed.thread_m},
      {"thread_n", &parsed.thread_n},
      {"split_k", &parsed.split_k},
      {"raster_group", &parsed.raster_group},
  };
  RETURN_IF_ERROR(FillFields(config, fields));
  RETURN_IF_ERROR(CheckPositive(fields));
  if (!IsLegal(parsed)) return IllegalConfig();
  return parsed;
}

absl::StatusOr<FusedDropoutConfig> ParseFusedDropoutConfig(const v1::Config& config) {
  FusedDropoutConfig parsed = {};
  const Fields divisors = {
      {"vector", &parsed.vector},
      {"slots", &parsed.slots},
      {"column_threads", &parsed.column_threads},
      {"threads", &parsed.threads},
      {"tile_m", &parsed.tile_m},
  };
  Fields fields = divisors;
  fields.insert(fields.end(), {{"read_mask", &parsed.read_mask},
                               {"prefetch", &parsed.prefetch},
                               {"looped", &parsed.looped},
                               {"ring_parts", &parsed.ring_parts}});
  RETURN_IF_ERROR(FillFields(config, fields));
  RETURN_IF_ERROR(CheckPositive(divisors));
  return parsed;
}

}  // namespace tilewright
