// The compile-time parameters of gemm_simt and the resources that follow from them:
// the one source for the template and for the tuner. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_

namespace tilewright {

struct GemmSimtConfig {
  int tile_m;        // Rows of D a block computes.
  int tile_n;        // Columns of D a block computes.
  int tile_k;        // Depth of one shared-memory stage.
  int thread_m;      // Rows of D a thread computes.
  int thread_n;      // Columns of D a thread computes.
  int split_k;       // Blocks that share a tile of D along k; 1: none. Run time, as in gemm_sm80.
  int raster_group;  // Run time. Tiles of m walked before the next tile of n.
};

constexpr int Threads(const GemmSimtConfig& c) {
  return (c.tile_m / c.thread_m) * (c.tile_n / c.thread_n);
}

// Two stages of A and B as fp32, stored k-major with rows padded by 4 elements.
constexpr int SharedMemoryBytes(const GemmSimtConfig& c) {
  return 2 * c.tile_k * ((c.tile_m + 4) + (c.tile_n + 4)) * 4;
}

constexpr int AccumulatorRegisters(const GemmSimtConfig& c) { return c.thread_m * c.thread_n; }

// Registers a thread needs: accumulators, two sets of fragments, the elements in flight
// from global memory, and kSimtAddressRegisters of addresses and loop state.
inline constexpr int kSimtAddressRegisters = 48;
constexpr int RegisterEstimate(const GemmSimtConfig& c) {
  const int in_flight = (c.tile_m + c.tile_n) * c.tile_k / Threads(c);
  return AccumulatorRegisters(c) + 2 * (c.thread_m + c.thread_n) + in_flight +
         kSimtAddressRegisters;
}

// Blocks an SM that the kernel is compiled for. ptxas counts their warps in fours: 10 blocks of one
// warp get the registers of 12, and one that the estimate gave 200 had 168 and spilled.
constexpr int MinBlocksPerSm(const GemmSimtConfig& c) {
  const int warps = 65536 / (32 * RegisterEstimate(c)) / 4 * 4;
  const int blocks = warps * 32 / Threads(c);
  return blocks < 1 ? 1 : blocks;
}

// Legality. Each rule stands alone and has a name; IsLegal is all of them.

// A thread computes 4, 8 or 16 by 4, 8 or 16 elements, in groups of 4 neighbouring ones
// that one 16-byte access to shared memory brings.
constexpr bool ThreadTileHoldsVectors(const GemmSimtConfig& c) {
  const auto fits = [](int extent) { return extent == 4 || extent == 8 || extent == 16; };
  return fits(c.thread_m) && fits(c.thread_n);
}

// Tiles are whole numbers of thread tiles, at most 256.
constexpr bool TileHoldsThreads(const GemmSimtConfig& c) {
  return c.tile_m >= c.thread_m && c.tile_n >= c.thread_n && c.tile_m % c.thread_m == 0 &&
         c.tile_n % c.thread_n == 0 && c.tile_m <= 256 && c.tile_n <= 256;
}

// Whole warps, at most 16 of them.
constexpr bool HasThreads(const GemmSimtConfig& c) {
  return Threads(c) >= 32 && Threads(c) <= 512 && Threads(c) % 32 == 0;
}

constexpr bool StageHoldsVectors(const GemmSimtConfig& c) {
  return c.tile_k == 4 || c.tile_k == 8 || c.tile_k == 16 || c.tile_k == 32;
}

// Every thread copies the same number of 4-element vectors of each operand.
constexpr bool CopiesDivide(const GemmSimtConfig& c) {
  return (c.tile_m * c.tile_k / 4) % Threads(c) == 0 && (c.tile_n * c.tile_k / 4) % Threads(c) == 0;
}

// A thread has 255 registers, an SM 65536.
constexpr bool FitsRegisters(const GemmSimtConfig& c) {
  return RegisterEstimate(c) <= 255 && RegisterEstimate(c) * Threads(c) <= 65536;
}

constexpr bool HasRunTimeValues(const GemmSimtConfig& c) {
  return c.split_k >= 1 && c.raster_group >= 1;
}

constexpr bool IsLegal(const GemmSimtConfig& c) {
  return ThreadTileHoldsVectors(c) && TileHoldsThreads(c) && HasThreads(c) &&
         StageHoldsVectors(c) && CopiesDivide(c) && FitsRegisters(c) && HasRunTimeValues(c);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_
