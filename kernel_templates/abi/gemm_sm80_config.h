// The compile-time parameters of gemm_sm80 and the resources that follow from them:
// the one source for the template and for its search space. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_

namespace tilewright {

struct GemmSm80Config {
  int tile_m;   // Rows of D a block computes.
  int tile_n;   // Columns of D a block computes.
  int tile_k;   // Depth of one pipeline stage, in elements of A and B.
  int warps_m;  // Warps along m; the warp tile is (tile_m / warps_m) x (tile_n / warps_n).
  int warps_n;
  int stages;   // Shared-memory buffers of the cp.async pipeline, at least 2.
  int split_k;  // Blocks that share a tile of D along k; 1: none. Run time: only
                // "1 or more than 1" is compiled in.
  int raster_group;  // Run time. Tiles of m walked before the next tile of n.
};

constexpr int Threads(const GemmSm80Config& c) { return 32 * c.warps_m * c.warps_n; }

// Bytes of the operand ring: stages * (tile_m + tile_n) * tile_k * element size.
constexpr int PipelineBytes(const GemmSm80Config& c, int element_bytes) {
  return c.stages * (c.tile_m + c.tile_n) * c.tile_k * element_bytes;
}

// Bytes of the epilogue's staging buffer, which reuses the ring: each warp stages 16
// rows of its warp tile as 4-byte accumulators, rows padded by 16 bytes against bank
// conflicts.
constexpr int StagingBytes(const GemmSm80Config& c) {
  return c.warps_m * c.warps_n * 16 * (c.tile_n / c.warps_n + 4) * 4;
}

constexpr int SharedMemoryBytes(const GemmSm80Config& c, int element_bytes) {
  const int ring = PipelineBytes(c, element_bytes);
  const int staging = StagingBytes(c);
  return ring > staging ? ring : staging;
}

// Accumulator registers a thread: (warp tile elements) / 32.
constexpr int AccumulatorRegisters(const GemmSm80Config& c) {
  return (c.tile_m / c.warps_m) * (c.tile_n / c.warps_n) / 32;
}

// Block of the second launch of a split-K plan, which sums the partials in order
// and runs the epilogue: each thread owns 4 neighbouring columns.
inline constexpr int kReduceThreads = 256;
inline constexpr int kReduceTileM = 8;
inline constexpr int kReduceTileN = 128;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_
