// The compile-time parameters of gemm_sm90 and the resources that follow from them:
// the one source for the template and for its search space. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_

namespace tilewright {

struct GemmSm90Config {
  int tile_m;     // Rows of D a block computes at a time.
  int tile_n;     // Columns of D a block computes at a time.
  int stages;     // Shared-memory buffers of the TMA pipeline, at least 2.
  int consumers;  // Warpgroups that multiply, 1 to 3; one more issues the copies.
  int ping_pong;  // 1: each consumer has a tile of its own, the epilogue of one under the main
                  // loop of the other. 0 (cooperative): all share a tile, by rows.
  int cluster_m;  // Blocks of a cluster along m, which share the columns of B they read.
  int cluster_n;  // Along n, sharing rows of A.
  int swap_ab;    // 1: D^T = B^T A^T is computed, so that tile_m may be small: the columns of D
                  // take the tensor core's rows, in multiples of 64.
  int split_k;    // Blocks that share a tile of D along k; 1: none. Run time: only
                  // "1 or more than 1" is compiled in.
  int raster_group;    // Run time. Tiles of one dimension walked before the next of the other.
  int raster_along_n;  // Run time. 1: groups are of tiles of n and walked along m.
};

// The tensor core's view: D or its transpose, rows in multiples of 64, columns of 8.
constexpr int CoreRows(const GemmSm90Config& c) { return c.swap_ab ? c.tile_n : c.tile_m; }
constexpr int CoreColumns(const GemmSm90Config& c) { return c.swap_ab ? c.tile_m : c.tile_n; }

constexpr int Threads(const GemmSm90Config& c) { return 128 * (c.consumers + 1); }

// Blocks of 64 core rows that one consumer owns.
constexpr int RowBlocks(const GemmSm90Config& c) {
  return CoreRows(c) / 64 / (c.ping_pong ? 1 : c.consumers);
}

// A row of a stage is 128 bytes of k, one swizzle span.
inline constexpr int kStageRowBytes = 128;
constexpr int StageBytes(const GemmSm90Config& c) {
  return (c.tile_m + c.tile_n) * kStageRowBytes;
}

// Bytes of a row of an operand that is contiguous along m or n: the widest swizzle span that
// divides the tile. 0: none does.
constexpr int Sm90RowBytes(int tile, int element_bytes) {
  const int bytes = tile * element_bytes;
  return bytes % 128 == 0 ? 128 : bytes % 64 == 0 ? 64 : bytes % 32 == 0 ? 32 : 0;
}

// The most dynamic shared memory a block of sm_90 may have.
inline constexpr int kSm90SharedMemory = 232448;
// Two barriers of 8 bytes a stage.
constexpr int BarrierBytes(const GemmSm90Config& c) { return 2 * 8 * c.stages; }

// Each consumer warp stages its part of D in buffers of 2 KiB, 16 rows of 128 bytes, two where
// they fit beside the ring. (A transposed or partial tile passes as 16 x 20 words of 4 bytes a
// 16 columns; it never needs more than the two.)
inline constexpr int kStagingBufferBytes = 2048;
constexpr int FixedBytes(const GemmSm90Config& c, int buffers) {
  return c.stages * StageBytes(c) + 4 * c.consumers * buffers * kStagingBufferBytes +
         BarrierBytes(c);
}
// 1 or 2.
constexpr int StagingBuffers(const GemmSm90Config& c) {
  return FixedBytes(c, 2) <= kSm90SharedMemory ? 2 : 1;
}
// stages * (tile_m + tile_n) * 128 + staging + barriers.
constexpr int SharedMemoryBytes(const GemmSm90Config& c) {
  return FixedBytes(c, StagingBuffers(c));
}

// Sums a thread of a consumer keeps: 64 x columns over 128 threads for each row block.
constexpr int AccumulatorRegisters(const GemmSm90Config& c) {
  return RowBlocks(c) * CoreColumns(c) / 2;
}

// Registers of a thread of the producer and of a consumer after setmaxnreg, which takes
// multiples of 8. Together they stay within what the block was launched with.
struct RegisterSplit {
  int producer;
  int consumer;
};
constexpr RegisterSplit SplitRegisters(const GemmSm90Config& c) {
  return c.consumers == 3 ? RegisterSplit{32, 160}
         : c.consumers == 2 ? RegisterSplit{40, 232}
                            : RegisterSplit{40, 248};
}

// Whether D goes through TMA: rows that begin at 16 bytes, in boxes of 64 or 128 bytes a row
// (narrower ones would be many and small), and a plain epilogue, with no other tensor of D's
// shape and no random bits.
constexpr bool StoresThroughTma(const GemmSm90Config& c, int d_bytes, int d_alignment,
                                bool plain_epilogue) {
  return c.split_k == 1 && !c.swap_ab && d_bytes >= 2 && d_alignment == 16 && plain_epilogue &&
         Sm90RowBytes(c.tile_n, d_bytes) >= 64;
}

// Legality. Each rule stands alone and has a name; IsLegal is all that can be asked of a config
// alone. Whether a target has the shared memory, and the epilogue the registers, is the search
// space's question.

constexpr bool HasConsumers(const GemmSm90Config& c) {
  return c.consumers >= 1 && c.consumers <= 3 && (c.ping_pong == 0 || c.ping_pong == 1) &&
         (c.swap_ab == 0 || c.swap_ab == 1);
}

// Ping-pong has two players.
constexpr bool PingPongHasTwo(const GemmSm90Config& c) { return !c.ping_pong || c.consumers == 2; }

// Core rows are whole blocks of 64 for each consumer, at most 256: TMA boxes end there.
constexpr bool RowsFillConsumers(const GemmSm90Config& c) {
  const int unit = 64 * (c.ping_pong ? 1 : c.consumers);
  return CoreRows(c) >= unit && CoreRows(c) <= 256 && CoreRows(c) % unit == 0;
}

// wgmma takes 8 to 256 columns. Its steps of 8 beyond 32 are left to steps of 16, which int8
// has too; a D that is not transposed is stored in steps of 16.
constexpr bool ColumnsFitWgmma(const GemmSm90Config& c) {
  const int columns = CoreColumns(c);
  const bool is_step = columns % 16 == 0 || (c.swap_ab && (columns == 8 || columns == 24));
  return columns >= 8 && columns <= 256 && is_step;
}

constexpr bool HasPipeline(const GemmSm90Config& c) { return c.stages >= 2 && c.stages <= 12; }

// Clusters of 1, 2 or 4 blocks.
constexpr bool HasCluster(const GemmSm90Config& c) {
  const auto one = [](int extent) { return extent == 1 || extent == 2 || extent == 4; };
  return one(c.cluster_m) && one(c.cluster_n) && c.cluster_m * c.cluster_n <= 4;
}

// Each block of a cluster loads its share of what they share, in whole groups of 8 rows.
constexpr bool SharesAreWhole(const GemmSm90Config& c) {
  return c.tile_m % (8 * c.cluster_n) == 0 && c.tile_n % (8 * c.cluster_m) == 0;
}

// What the epilogue does beside scaling the sums, by what it needs of registers.
enum class EpilogueLoad {
  kPlain,    // Nothing.
  kVector,   // A bias, an activation, amax, the flag or random bits.
  kTensors,  // A source or the auxiliary output.
};

// Registers of a consumer beside its sums: descriptors, addresses, and what the epilogue holds
// while it works on the fragments. With these none of the variants that the tests compile spills.
constexpr int ConsumerRegisters(EpilogueLoad load, bool through_tma) {
  return load == EpilogueLoad::kTensors  ? 104
         : load == EpilogueLoad::kVector ? 80
         : through_tma                   ? 40
                                         : 64;
}
constexpr bool SumsFitRegisters(const GemmSm90Config& c, EpilogueLoad load, bool through_tma) {
  return AccumulatorRegisters(c) + ConsumerRegisters(load, through_tma) <=
         SplitRegisters(c).consumer;
}

// ptxas holds a single wgmma to the registers of the launch, 65536 over all threads: its sums
// and kInstructionRegisters beside them.
inline constexpr int kInstructionRegisters = 26;
constexpr bool InstructionFitsLaunch(const GemmSm90Config& c) {
  return CoreColumns(c) / 2 + kInstructionRegisters <= 65536 / Threads(c);
}

constexpr bool FitsSharedMemoryOfSm90(const GemmSm90Config& c) {
  return FixedBytes(c, 1) <= kSm90SharedMemory;
}

constexpr bool HasRunTimeValues(const GemmSm90Config& c) {
  return c.split_k >= 1 && c.raster_group >= 1 && (c.raster_along_n == 0 || c.raster_along_n == 1);
}

constexpr bool IsLegal(const GemmSm90Config& c) {
  return HasConsumers(c) && PingPongHasTwo(c) && RowsFillConsumers(c) && ColumnsFitWgmma(c) &&
         HasPipeline(c) && HasCluster(c) && SharesAreWhole(c) &&
         SumsFitRegisters(c, EpilogueLoad::kPlain, true) && InstructionFitsLaunch(c) && FitsSharedMemoryOfSm90(c) && HasRunTimeValues(c);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_
