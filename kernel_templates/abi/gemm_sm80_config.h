// The compile-time parameters of gemm_sm80 and the resources that follow from them:
// the one source for the template and for the tuner. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_

namespace tilewright {

struct GemmSm80Config {
  int tile_m;   // Rows of D a block computes.
  int tile_n;   // Columns of D a block computes.
  int tile_k;   // Depth of one pipeline stage, in elements of A and B.
  int warps_m;  // Warps along m; the warp tile is (tile_m / warps_m) x (tile_n / warps_n).
  int warps_n;
  int stages;              // Shared-memory buffers of the cp.async pipeline, at least 2.
  int split_k;             // Blocks that share a tile of D along k; 1: none. Run time: only
                           // "1 or more than 1" is compiled in.
  int raster_group;        // Run time. Tiles of m walked before the next tile of n.
  int fp16_sums = 0;       // 1: fp16 operands are summed in fp16.
  int split_epilogue = 0;  // 1: a second launch computes the epilogue: gemm/split_epilogue.cuh.
};

constexpr int Threads(const GemmSm80Config& c) { return 32 * c.warps_m * c.warps_n; }

// Bytes of the operand ring: stages * (tile_m + tile_n) * tile_k * element size.
constexpr int PipelineBytes(const GemmSm80Config& c, int element_bytes) {
  return c.stages * (c.tile_m + c.tile_n) * c.tile_k * element_bytes;
}

// Bytes of the epilogue's staging buffer, which reuses the ring: each warp stages 16
// rows of its warp tile as 4-byte accumulators. Rows are padded by 32 bytes: the 8-byte
// stores of half a warp then touch every bank once (with 16 they collide in pairs).
constexpr int StagingBytes(const GemmSm80Config& c) {
  return c.warps_m * c.warps_n * 16 * (c.tile_n / c.warps_n + 8) * 4;
}

constexpr int SharedMemoryBytes(const GemmSm80Config& c, int element_bytes) {
  const int ring = PipelineBytes(c, element_bytes);
  const int staging = StagingBytes(c);
  return ring > staging ? ring : staging;
}

// Accumulator registers a thread: (warp tile elements) / 32. Sums in fp16 take half of them up to
// the epilogue, which has them in fp32.
constexpr int AccumulatorRegisters(const GemmSm80Config& c) {
  return (c.tile_m / c.warps_m) * (c.tile_n / c.warps_n) / 32;
}

// Registers a thread needs: accumulators, two sets of fragments (a 16x32-byte fragment of
// A is 4 registers, of B likewise), and addresses, masks and loop state: with
// kAddressRegisters of them no variant that the tests compile spills.
inline constexpr int kAddressRegisters = 60;
constexpr int RegisterEstimate(const GemmSm80Config& c) {
  const int fragments = 4 * ((c.tile_m / c.warps_m) / 16 + (c.tile_n / c.warps_n) / 16);
  return AccumulatorRegisters(c) + 2 * fragments + kAddressRegisters;
}

// Blocks an SM that the kernel is compiled for (its __launch_bounds__), from the register
// file of 65536: never more than the estimate leaves room for, so that nothing spills.
constexpr int MinBlocksPerSm(const GemmSm80Config& c) {
  const int blocks = 65536 / (Threads(c) * RegisterEstimate(c));
  return blocks < 1 ? 1 : blocks;
}

// Legality. Each rule stands alone and has a name; IsLegal is all of them. Whether a
// target has the shared memory is the tuner's question.

// Tiles are 16..256 and a power of two or three times one: an operand that is contiguous
// along m or n is copied in at most three strided groups of pointers a thread.
constexpr bool IsRoundTile(int tile) {
  const int odd = tile > 0 ? tile / (tile & -tile) : 0;
  return tile >= 16 && tile <= 256 && (odd == 1 || odd == 3);
}
constexpr bool TilesAreRound(const GemmSm80Config& c) {
  return IsRoundTile(c.tile_m) && IsRoundTile(c.tile_n);
}

// From 2 to 16 warps.
constexpr bool HasWarps(const GemmSm80Config& c) {
  return c.warps_m >= 1 && c.warps_n >= 1 && c.warps_m * c.warps_n >= 2 &&
         c.warps_m * c.warps_n <= 16;
}

// A warp tile is made of 16x16 blocks of D: one ldmatrix.x4 of A by one of B.
constexpr bool WarpTileHoldsBlocks(const GemmSm80Config& c) {
  return c.tile_m % (16 * c.warps_m) == 0 && c.tile_n % (16 * c.warps_n) == 0;
}

// A stage is 1, 2 or 4 MMA steps of 32 bytes deep: rows of 32, 64 or 128 bytes.
constexpr bool StageHoldsSteps(const GemmSm80Config& c, int element_bytes) {
  const int row_bytes = c.tile_k * element_bytes;
  return row_bytes == 32 || row_bytes == 64 || row_bytes == 128;
}

constexpr bool HasStages(const GemmSm80Config& c) { return c.stages >= 2 && c.stages <= 6; }

// 16-byte copies a thread makes for one operand of one stage. At most 32: their
// predicates are the bits of one register.
constexpr int CopiesPerThread(const GemmSm80Config& c, int tile, int element_bytes) {
  return (tile * c.tile_k * element_bytes / 16 + Threads(c) - 1) / Threads(c);
}
constexpr bool CopiesFitMask(const GemmSm80Config& c, int element_bytes) {
  return CopiesPerThread(c, c.tile_m, element_bytes) <= 32 &&
         CopiesPerThread(c, c.tile_n, element_bytes) <= 32;
}

// A thread has 255 registers, an SM 65536.
constexpr bool FitsRegisters(const GemmSm80Config& c) {
  return RegisterEstimate(c) <= 255 && RegisterEstimate(c) * Threads(c) <= 65536;
}

// Operands of less than 4 bytes' alignment are copied through registers, which the largest
// warp tiles have none left for (they would spill up to 552 bytes). `narrowest_access` is
// the smaller of the two operands' access widths in bytes.
constexpr bool HoldsNarrowCopies(const GemmSm80Config& c, int narrowest_access) {
  return narrowest_access >= 4 || AccumulatorRegisters(c) <= 64;
}

constexpr bool HasRunTimeValues(const GemmSm80Config& c) {
  return c.split_k >= 1 && c.raster_group >= 1;
}

constexpr bool HasSums(const GemmSm80Config& c) { return c.fp16_sums == 0 || c.fp16_sums == 1; }

constexpr bool IsLegal(const GemmSm80Config& c, int element_bytes, int narrowest_access = 16) {
  return TilesAreRound(c) && HasWarps(c) && WarpTileHoldsBlocks(c) &&
         StageHoldsSteps(c, element_bytes) && HasStages(c) && CopiesFitMask(c, element_bytes) &&
         FitsRegisters(c) && HoldsNarrowCopies(c, narrowest_access) && HasRunTimeValues(c) &&
         HasSums(c);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM80_CONFIG_H_
