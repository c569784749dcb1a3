#include "tuner/template/tiled_gemm/rules.h"

#include <cstdint>

#include "kernel_templates/abi/ceil_div.h"
#include "kernel_templates/abi/split_epilogue_config.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {

bool AIsKMajor(const v1::GemmProblem& gemm) { return gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL; }
bool BIsKMajor(const v1::GemmProblem& gemm) {
  return gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
}

bool FitsGrid(const v1::GemmProblem& gemm, int tile_m, int tile_n, int split_k, int cluster) {
  return TilesOf(gemm.m(), gemm.n(), /*batch=*/1, tile_m, tile_n) <= kMaxGridX &&
         split_k <= kMaxGridYz && gemm.batch() <= kMaxGridYz &&
         TilesEndInRange(gemm.m(), int64_t{tile_m} * cluster) &&
         TilesEndInRange(gemm.n(), int64_t{tile_n} * cluster);
}

bool SplitsHaveWork(const v1::GemmProblem& gemm, int tile_k, int split_k) {
  return split_k <= CeilDiv(gemm.k(), tile_k);
}

bool FitsWorkspace(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int split_k) {
  const double bytes = 1.0 * split_k * static_cast<double>(gemm.batch()) *
                       static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
                       kPartialBytes;
  return split_k == 1 || bytes <= static_cast<double>(silicon.memory_bytes()) / 4;
}

bool SumsColumnsOnce(const v1::GemmProblem& gemm, int split_k) {
  return !gemm.epilogue().bias_gradient() || split_k == 1;
}

bool SplitsEpilogueAlone(const v1::GemmProblem& gemm, int split_k) {
  return SplitsEpilogue(gemm) && split_k == 1 &&
         FitsGrid(gemm, kSplitEpilogueTileM, kSplitEpilogueTileN, /*split_k=*/1);
}

}  // namespace tilewright
