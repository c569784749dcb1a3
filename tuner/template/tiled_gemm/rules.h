// The constraints that the tiled GEMM templates share, and facts about operands. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RULES_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RULES_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Tells if the operand is contiguous along k.
bool AIsKMajor(const v1::GemmProblem& gemm);
bool BIsKMajor(const v1::GemmProblem& gemm);

// Grid x is at most 2^31 - 1, y and z are at most 65535, and tiles may not exceed the range of row
// and column numbers: ceil(m / tile_m) * ceil(n / tile_n) < 2^31, split_k and batch < 2^16,
// ceil(m / (tile_m * cluster)) * tile_m * cluster <= 2^31, and so for n. `cluster`: its blocks.
bool FitsGrid(const v1::GemmProblem& gemm, int tile_m, int tile_n, int split_k, int cluster = 1);
template <typename Config>
bool FitsGrid(const v1::GemmProblem& gemm, const Config& c) {
  return FitsGrid(gemm, c.tile_m, c.tile_n, c.split_k);
}

// Every split has at least one stage of k: split_k <= ceil(k / tile_k).
bool SplitsHaveWork(const v1::GemmProblem& gemm, int tile_k, int split_k);
template <typename Config>
bool SplitsHaveWork(const v1::GemmProblem& gemm, const Config& c) {
  return SplitsHaveWork(gemm, c.tile_k, c.split_k);
}

// Partials take at most a quarter of the device's memory:
// split_k * batch * m * n * 4 <= memory / 4. Always true if k is not split.
bool FitsWorkspace(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int split_k);
template <typename Config>
bool FitsWorkspace(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const Config& c) {
  return FitsWorkspace(gemm, silicon, c.split_k);
}

// A bias gradient sums the values that the main step computes: bias_gradient => split_k = 1.
bool SumsColumnsOnce(const v1::GemmProblem& gemm, int split_k);
template <typename Config>
bool SumsColumnsOnce(const v1::GemmProblem& gemm, const Config& c) {
  return SumsColumnsOnce(gemm, c.split_k);
}

// The second launch of a split epilogue fits the grid: ceil(m / 16) * ceil(n / 512) < 2^31. k must
// not be split too, because the reduction is an epilogue of its own.
bool SplitsEpilogueAlone(const v1::GemmProblem& gemm, int split_k);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RULES_H_
