#ifndef TILEWRIGHT_TUNER_CANDIDATE_ORDER_H_
#define TILEWRIGHT_TUNER_CANDIDATE_ORDER_H_

#include <vector>

#include "tuner/space/search_space.h"

namespace tilewright {

// Moves variants back that differ from more than two earlier ones in the order of their tiles
// alone (raster_group, raster_along_n). They share a kernel, and the model hardly tells them
// apart: unchecked they would fill a short list with few kernels. Otherwise the order is kept.
void SpreadKernels(std::vector<RankedVariant>& ranked);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CANDIDATE_ORDER_H_
