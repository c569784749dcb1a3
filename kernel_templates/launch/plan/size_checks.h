// Checks the sizes of a launch. It refuses here, early, what the kernels' 32-bit arithmetic cannot
// handle. The service and clients give the same messages. Pure; any thread.
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

// Returns whether the last tile ends at 2^31 or before: ceil(extent / tile) * tile <= 2^31. Then
// the number of every row (column) of every tile, even beyond the edge, fits 31 bits. This holds
// for every power of two.
constexpr bool TilesEndInRange(int64_t extent, int64_t tile) {
  return CeilDiv(extent, tile) * tile <= kMaxExtent + 1;
}

// INVALID_ARGUMENT, reason GRID_TOO_LARGE, if a step has more tiles than a grid has blocks. The
// error names `field`.
absl::Status CheckGrids(const std::string& field, const v1::LaunchPlan& plan,
                        const ProblemShape& shape);

// The same reason, with one of `fields`, if the tiles of a GEMM's step do not end in range.
absl::Status CheckTileEnds(const v1::LaunchPlan& plan, const ShapeFields& fields,
                           const ProblemShape& shape);

// Returns whether TMA can follow the strides of a matrix: they are below 2^40 bytes. With one row
// or one batch its stride is not used and may have any value.
bool FitsTensorMap(const MatrixLayout& layout);

// INVALID_ARGUMENT, reason STRIDE_TOO_LARGE, for a matrix that a step reads or writes through TMA.
absl::Status CheckTensorMaps(const v1::LaunchPlan& plan, const TensorUses& uses);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_SIZE_CHECKS_H_
