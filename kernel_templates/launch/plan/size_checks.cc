#include "kernel_templates/launch/plan/size_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// CUDA driver API, cuTensorMapEncodeTiled: strides are below 2^40 bytes.
constexpr __int128 kTensorMapStrideLimit = static_cast<__int128>(1) << 40;

absl::Status CheckStep(const std::string& field, const v1::LaunchStep& step,
                       const ProblemShape& shape) {
  // There are fewer than n, which is below 2^31.
  if (step.grid_rule() == v1::GRID_RULE_COLUMNS) return absl::OkStatus();
  // Persistent blocks take the tiles of all batches in one grid.
  const bool is_persistent = step.grid_rule() == v1::GRID_RULE_PERSISTENT;
  const int64_t batch = is_persistent ? shape.batch : 1;
  const int64_t cluster = is_persistent ? 1 : std::max(step.cluster_x(), 1);
  const int64_t tiles = TilesOf(shape.m, shape.n, batch, step.tile_m(), step.tile_n());
  // A grid is rounded up to whole clusters.
  if (tiles <= kMaxGridX - (cluster - 1)) return absl::OkStatus();
  return InvalidField(
      field, "GRID_TOO_LARGE",
      absl::StrCat(shape.m, " x ", shape.n,
                   batch > 1 ? absl::StrCat(" in ", batch, " batches") : "", " are ", tiles,
                   " tiles of ", step.tile_m(), " x ", step.tile_n(), " for a grid of at most ",
                   kMaxGridX, "; split the problem"));
}

absl::Status CheckEnds(const char* field, int64_t extent, int64_t tile) {
  if (TilesEndInRange(extent, tile)) return absl::OkStatus();
  return InvalidField(field, "GRID_TOO_LARGE",
                      absl::StrCat("the kernel's last tile of ", tile,
                                   " ends beyond 2^31; get a kernel for this shape"));
}

}  // namespace

absl::Status CheckGrids(const std::string& field, const v1::LaunchPlan& plan,
                        const ProblemShape& shape) {
  for (const v1::LaunchStep& step : plan.steps()) {
    RETURN_IF_ERROR(CheckStep(field, step, shape));
  }
  return absl::OkStatus();
}

absl::Status CheckTileEnds(const v1::LaunchPlan& plan, const ShapeFields& fields,
                           const ProblemShape& shape) {
  for (const v1::LaunchStep& step : plan.steps()) {
    // The tiles of a cluster may lie along either dimension, so each must have room for all.
    const int64_t cluster = std::max(step.cluster_x(), 1);
    RETURN_IF_ERROR(CheckEnds(fields.m, shape.m, step.tile_m() * cluster));
    RETURN_IF_ERROR(CheckEnds(fields.n, shape.n, step.tile_n() * cluster));
  }
  return absl::OkStatus();
}

bool FitsTensorMap(const MatrixLayout& layout) {
  const __int128 bytes = StorageBytes(layout.type);
  return (layout.rows == 1 || layout.row_stride * bytes < kTensorMapStrideLimit) &&
         (layout.batch == 1 || layout.batch_stride * bytes < kTensorMapStrideLimit);
}

absl::Status CheckTensorMaps(const v1::LaunchPlan& plan, const TensorUses& uses) {
  for (const v1::LaunchStep& step : plan.steps()) {
    for (const v1::TensorMapSpec& spec : step.tensor_maps()) {
      for (const TensorUse& use : uses) {
        if (use.operand != spec.operand() || FitsTensorMap(use.layout)) continue;
        return InvalidField(absl::StrCat("operands.", use.name), "STRIDE_TOO_LARGE",
                            "rows or batches are 2^40 bytes or more apart, and the kernel cannot "
                            "follow such a stride; use a smaller one");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace tilewright
