#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_GRID_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_GRID_H_

#include "proto/problem/family.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct GridSize {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

// Computes the grid of one step for a shape. Pure; any thread.
GridSize GridFor(const v1::LaunchStep& step, const ProblemShape& shape, int sm_count);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_GRID_H_
