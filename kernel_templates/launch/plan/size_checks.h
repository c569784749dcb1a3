// Which sizes a launch can have. What the kernels' 32-bit arithmetic relies on is refused here, up
// front and in the same words for the service and for clients. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_SIZE_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_SIZE_CHECKS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/family.h"
#include "proto/problem/sizes.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Whether the last tile ends at 2^31 or before, so that every row (column) of every tile, also
// beyond the edge, has a number that fits 31 bits: ceil(extent / tile) * tile <= 2^31. It does for
// every power of two.
constexpr bool TilesEndInRange(int64_t extent, int64_t tile) {
  return CeilDiv(extent, tile) * tile <= kMaxExtent + 1;
}

// INVALID_ARGUMENT, reason GRID_TOO_LARGE, where a step has more tiles than a grid has blocks.
// `field`: the one to blame.
absl::Status CheckGrids(const std::string& field, const v1::LaunchPlan& plan,
                        const ProblemShape& shape);

// The same reason, where the tiles of a step of a GEMM do not end in range, naming one of `fields`.
absl::Status CheckTileEnds(const v1::LaunchPlan& plan, const ShapeFields& fields,
                           const ProblemShape& shape);

// Whether TMA can follow the strides of a matrix: below 2^40 bytes. A stride that leads nowhere,
// there being one row or one batch, may be any.
bool FitsTensorMap(const MatrixLayout& layout);

// INVALID_ARGUMENT, reason STRIDE_TOO_LARGE, for a matrix that a step reads or writes through TMA.
absl::Status CheckTensorMaps(const v1::LaunchPlan& plan, const TensorUses& uses);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_SIZE_CHECKS_H_
