#include "kernel_templates/launch/plan/check_plan.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/sizes.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int kMaxArgumentsVersion = 65535;
// Plans have at most four: the product, its sums, the epilogue, sums of columns.
constexpr int kMaxSteps = 8;
constexpr std::size_t kMaxSymbolBytes = 255;
constexpr int kWarp = 32;
constexpr int kMaxBlockThreads = 1024;
constexpr int kMaxClusterBlocks = 16;  // The non-portable limit of sm_90.
// So far no GPU gives a block more than 227 KiB. The driver refuses more than its GPU has.
constexpr int kMaxSharedMemoryBytes = 1 << 20;
constexpr int kMaxTile = 65536;
constexpr int kMaxRasterGroup = 65535;
constexpr int kMaxBlocksPerSm = 64;
constexpr int kMaxRegisters = 255;
constexpr int kMaxSpillBytes = 1 << 20;
constexpr int kMaxTensorMaps = 8;
constexpr int kMaxBox = 256;  // cuTensorMapEncodeTiled.
// For base addresses and strides. A launch needs at most 128, for the swizzle of TMA.
constexpr int kMaxAlignment = 4096;
constexpr int kMaxDivisor = 65536;

absl::Status Malformed(std::string_view field, const std::string& what) {
  return InvalidField(absl::StrCat("launch_plan.", absl::string_view(field.data(), field.size())),
                      "MALFORMED_PLAN", what);
}

// Checks one step. Errors have the names of its fields.
class StepChecks {
 public:
  StepChecks(const v1::LaunchStep& step, int index) : step_(step), index_(index) {}

  absl::Status Check() const {
    if (!IsIdentifier(step_.entry_symbol())) {
      return Fault("entry_symbol",
                   "must be the name of a function, of 1 to 255 letters, digits "
                   "and underscores");
    }
    if (step_.block_threads() < kWarp || step_.block_threads() > kMaxBlockThreads ||
        step_.block_threads() % kWarp != 0) {
      return Fault("block_threads", absl::StrCat("must be a multiple of 32 in [32, 1024], was ",
                                                 step_.block_threads()));
    }
    RETURN_IF_ERROR(Within("cluster_x", step_.cluster_x(), 0, kMaxClusterBlocks));
    RETURN_IF_ERROR(Within("cluster_y", step_.cluster_y(), 0, kMaxClusterBlocks));
    RETURN_IF_ERROR(Within("dynamic_shared_memory_bytes", step_.dynamic_shared_memory_bytes(), 0,
                           kMaxSharedMemoryBytes));
    RETURN_IF_ERROR(Within("static_shared_memory_bytes", step_.static_shared_memory_bytes(), 0,
                           kMaxSharedMemoryBytes));
    RETURN_IF_ERROR(Within("tile_m", step_.tile_m(), 1, kMaxTile));
    if (step_.tile_n() != kWholeRow) {
      RETURN_IF_ERROR(Within("tile_n", step_.tile_n(), 1, kMaxTile));
    }
    RETURN_IF_ERROR(Within("split_k", step_.split_k(), 0, kMaxGridYz));
    RETURN_IF_ERROR(Within("blocks_per_sm", step_.blocks_per_sm(), 0, kMaxBlocksPerSm));
    RETURN_IF_ERROR(Within("registers_per_thread", step_.registers_per_thread(), 0, kMaxRegisters));
    RETURN_IF_ERROR(Within("spill_bytes", step_.spill_bytes(), 0, kMaxSpillBytes));
    RETURN_IF_ERROR(CheckGrid());
    return CheckTensorMaps();
  }

 private:
  absl::Status Fault(const char* field, const std::string& what) const {
    return Malformed(absl::StrCat("steps[", index_, "].", field), what);
  }

  absl::Status Within(const char* field, int64_t value, int64_t least, int64_t most) const {
    if (value >= least && value <= most) return absl::OkStatus();
    return Fault(field, absl::StrCat("must be in [", least, ", ", most, "], was ", value));
  }

  absl::Status CheckGrid() const {
    const int cluster_x = std::max(step_.cluster_x(), 1);
    const int cluster_y = std::max(step_.cluster_y(), 1);
    if (cluster_x * cluster_y > kMaxClusterBlocks ||
        std::max(step_.split_k(), 1) % cluster_y != 0) {
      return Fault("cluster_x", "no such cluster can be launched");
    }
    switch (step_.grid_rule()) {
      case v1::GRID_RULE_TILES:
      case v1::GRID_RULE_PERSISTENT:
        return absl::OkStatus();
      case v1::GRID_RULE_COLUMNS:
        if (cluster_x * cluster_y == 1 && step_.split_k() <= 1) return absl::OkStatus();
        return Fault("grid_rule", "columns have neither clusters nor splits");
      default:
        return Fault("grid_rule", "is not known");
    }
  }

  absl::Status CheckTensorMaps() const {
    if (step_.tensor_maps_size() > kMaxTensorMaps) {
      return Fault("tensor_maps", absl::StrCat("there are more than ", kMaxTensorMaps));
    }
    for (int i = 0; i < step_.tensor_maps_size(); ++i) {
      const v1::TensorMapSpec& map = step_.tensor_maps(i);
      const auto name = [i](const char* field) {
        return absl::StrCat("tensor_maps[", i, "].", field);
      };
      switch (map.operand()) {
        case v1::OPERAND_A:
        case v1::OPERAND_B:
        case v1::OPERAND_C:
        case v1::OPERAND_D:
        case v1::OPERAND_AUX:
          break;
        default:
          return Fault(name("operand").c_str(), "is not a matrix");
      }
      RETURN_IF_ERROR(Within(name("box_inner").c_str(), map.box_inner(), 1, kMaxBox));
      RETURN_IF_ERROR(Within(name("box_outer").c_str(), map.box_outer(), 1, kMaxBox));
      const int swizzle = map.swizzle_bytes();
      if (swizzle != 0 && swizzle != 32 && swizzle != 64 && swizzle != 128) {
        return Fault(name("swizzle_bytes").c_str(), "must be 0, 32, 64 or 128");
      }
    }
    return absl::OkStatus();
  }

  const v1::LaunchStep& step_;
  const int index_;
};

absl::Status CheckRequirements(const v1::Requirements& needs) {
  const std::pair<const char*, int> alignments[] = {
      {"a_alignment", needs.a_alignment()},     {"b_alignment", needs.b_alignment()},
      {"c_alignment", needs.c_alignment()},     {"d_alignment", needs.d_alignment()},
      {"aux_alignment", needs.aux_alignment()}, {"bias_alignment", needs.bias_alignment()}};
  for (const auto& [field, value] : alignments) {
    if (value < 0 || value > kMaxAlignment || (value & (value - 1)) != 0) {
      return Malformed(
          absl::StrCat("requirements.", field),
          absl::StrCat("must be 0 or a power of two up to ", kMaxAlignment, ", was ", value));
    }
  }
  const std::pair<const char*, int> divisors[] = {{"m_divisor", needs.m_divisor()},
                                                  {"n_divisor", needs.n_divisor()},
                                                  {"k_divisor", needs.k_divisor()}};
  for (const auto& [field, value] : divisors) {
    if (value < 0 || value > kMaxDivisor) {
      return Malformed(absl::StrCat("requirements.", field),
                       absl::StrCat("must be in [0, ", kMaxDivisor, "], was ", value));
    }
  }
  if (needs.n_limit() < 0 || needs.n_limit() > kMaxExtent) {
    return Malformed("requirements.n_limit", "must be in [0, 2^31 - 1]");
  }
  return absl::OkStatus();
}

// If no cluster adds the slices of k, each slice stores its sums in its own copy of D. Without the
// copies it would write through a null pointer.
absl::Status CheckPartialSums(const v1::LaunchPlan& plan) {
  const v1::LaunchStep& first = plan.steps(0);
  const int slices = std::max(first.split_k(), 1);
  const int copies = plan.workspace().partial_copies();
  const bool needed = slices > 1 && first.cluster_y() <= 1;
  if (copies != 0 && copies != slices) {
    return Malformed("workspace.partial_copies",
                     absl::StrCat("must be the split_k of the first step, was ", copies));
  }
  if (needed && copies == 0) {
    return Malformed("workspace.partial_copies", "must be the split_k of the first step");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsIdentifier(std::string_view text) {
  if (text.empty() || text.size() > kMaxSymbolBytes || absl::ascii_isdigit(text.front())) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

absl::Status CheckPlan(const v1::LaunchPlan& plan) {
  if (plan.arguments_version() < 1 || plan.arguments_version() > kMaxArgumentsVersion) {
    return Malformed("arguments_version", absl::StrCat("must be in [1, ", kMaxArgumentsVersion,
                                                       "], was ", plan.arguments_version()));
  }
  if (plan.steps().empty()) return Malformed("steps", "is empty");
  if (plan.steps_size() > kMaxSteps) {
    return Malformed("steps", absl::StrCat("there are more than ", kMaxSteps));
  }
  for (int i = 0; i < plan.steps_size(); ++i) {
    RETURN_IF_ERROR(StepChecks(plan.steps(i), i).Check());
  }
  if (plan.raster_group() < 0 || plan.raster_group() > kMaxRasterGroup) {
    return Malformed("raster_group", absl::StrCat("must be in [0, ", kMaxRasterGroup, "], was ",
                                                  plan.raster_group()));
  }
  RETURN_IF_ERROR(CheckRequirements(plan.requirements()));
  RETURN_IF_ERROR(CheckWorkspace(plan));
  return CheckPartialSums(plan);
}

absl::Status CheckArgumentsVersion(const v1::LaunchPlan& plan, int version) {
  if (plan.arguments_version() == version) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "ARGUMENTS_VERSION_MISMATCH",
                   absl::StrCat("the kernel takes arguments of version ", plan.arguments_version(),
                                ", but this launcher packs version ", version));
}

}  // namespace tilewright
