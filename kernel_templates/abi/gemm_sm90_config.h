// The compile-time parameters of gemm_sm90 and the resources that follow from them:
// the one source for the template and for the tuner. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_

namespace tilewright {

struct GemmSm90Config {
  int tile_m;         // Rows of D a block computes at a time.
  int tile_n;         // Columns of D a block computes at a time.
  int stages;         // Shared-memory buffers of the TMA pipeline, at least 2.
  int consumers;      // Warpgroups that multiply, 1 to 3; one more issues the copies.
  int ping_pong;      // 1: each consumer has a tile of its own, the epilogue of one under the main
                      // loop of the other. 0 (cooperative): all share a tile, by rows.
  int cluster_m;      // Blocks of a cluster along m, which share the columns of B they read.
  int cluster_n;      // Along n, sharing rows of A.
  int cluster_k;      // Blocks of a cluster that share a tile of D along k: the first one sums what
                      // the others send to its shared memory, in a fixed order.
  int promote;        // 1: sums of 128 bytes of k are added up by the CUDA cores, in fp32: for fp8,
                      // whose sums the tensor core cuts short, or whose blocks have scales, and for
                      // three products.
  int products = 1;   // 3: fp32 operands are multiplied as high and low parts, in three products of
                      // tf32. 1: the tensor core multiplies what it reads of them.
  int fp16_sums = 0;  // 1: summed in fp16, for fp16 and fp8 operands, at half the registers.
  int swap_ab;        // 1: D^T = B^T A^T is computed, so that tile_m may be small: the columns of D
                      // take the tensor core's rows, in multiples of 64.
  int split_k;        // Blocks that share a tile of D along k; 1: none. Run time: only
                      // "1 or more than 1" is compiled in.
  int split_epilogue = 0;  // 1: a second launch computes the epilogue: gemm/split_epilogue.cuh.
  int raster_group;        // Run time. Tiles of one dimension walked before the next of the other.
  int raster_along_n;      // Run time. 1: groups are of tiles of n and walked along m.
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
// What TMA brings of a stage. Three products need the low parts beside it, laid out alike.
constexpr int LoadedBytes(const GemmSm90Config& c) {
  return (c.tile_m + c.tile_n) * kStageRowBytes;
}
constexpr int StageBytes(const GemmSm90Config& c) {
  return LoadedBytes(c) * (c.products == 3 ? 2 : 1);
}

// Bytes of a row of an operand that is contiguous along m or n: the widest swizzle span that
// divides the tile. 0: none does.
constexpr int Sm90RowBytes(int tile, int element_bytes) {
  const int bytes = tile * element_bytes;
  return bytes % 128 == 0 ? 128 : bytes % 64 == 0 ? 64 : bytes % 32 == 0 ? 32 : 0;
}

// Elements along k, and columns of B, that share a scale where blocks are scaled.
inline constexpr int kScaleBlock = 128;
constexpr int GreatestCommonDivisor(int a, int b) {
  while (b != 0) {
    const int rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
// Core columns that share a scale wherever a tile begins, which is at a multiple of its size.
// Unswapped they are the columns of B that no edge of a block can cut: gcd(tile_n, 128).
// Swapped they are rows of A, each with its own.
constexpr int ColumnGroup(const GemmSm90Config& c) {
  return c.swap_ab ? 1 : GreatestCommonDivisor(c.tile_n, kScaleBlock);
}
// Scales of columns that a thread holds: of all groups, or of its two rows of A in 8.
constexpr int ColumnScales(const GemmSm90Config& c) {
  return c.swap_ab ? c.tile_m / 4 : c.tile_n / ColumnGroup(c);
}

// The most dynamic shared memory a block of sm_90 may have.
inline constexpr int kSm90SharedMemory = 232448;
// How D goes from registers to memory.
enum class StorePath {
  kStaged,     // Rows through shared memory, by ordinary stores.
  kTma,        // Boxes through shared memory, by TMA.
  kTmaBeside,  // So, with boxes of one other tensor of D's shape, in or out, beside those of D.
};

// Two barriers of 8 bytes a stage, three where it has low parts; two for sums that come from other
// blocks; and two for each warp of consumers where boxes of another tensor come in.
constexpr int RingBarrierBytes(const GemmSm90Config& c) {
  return (c.products == 3 ? 3 : 2) * 8 * c.stages;
}
constexpr int ExchangeBarrierBytes(const GemmSm90Config& c) { return c.cluster_k > 1 ? 16 : 0; }
constexpr int BarrierBytes(const GemmSm90Config& c, StorePath path) {
  return RingBarrierBytes(c) + ExchangeBarrierBytes(c) +
         (path == StorePath::kTmaBeside ? 4 * c.consumers * 16 : 0);
}
// Sums that other blocks send, 4 bytes each.
constexpr int ExchangeBytes(const GemmSm90Config& c) {
  return (c.cluster_k - 1) * c.tile_m * c.tile_n * 4;
}

// Each consumer warp stages its part of D in buffers of 2 KiB beside the ring. For a TMA store
// one holds a box of 16 rows of 128 bytes, and there are four where they fit, of which the copy
// unit reads two while two are filled; else two, or one. A warpgroup's are neighbours, so that four
// of its warps make a box of 64 rows. Unswapped beside boxes of another tensor there are two. Other
// stores stage rows as long as possible in three.
inline constexpr int kStagingBufferBytes = 2048;
constexpr int FixedBytes(const GemmSm90Config& c, StorePath path, int buffers) {
  return c.stages * StageBytes(c) + 4 * c.consumers * buffers * kStagingBufferBytes +
         ExchangeBytes(c) + BarrierBytes(c, path);
}
constexpr int StagingBuffers(const GemmSm90Config& c, StorePath path) {
  if (path == StorePath::kStaged) return 3;
  const bool is_beside = path == StorePath::kTmaBeside;
  if (is_beside && !c.swap_ab) return 2;
  return FixedBytes(c, path, 4) <= kSm90SharedMemory                ? 4
         : is_beside || FixedBytes(c, path, 2) <= kSm90SharedMemory ? 2
                                                                    : 1;
}
// stages * (tile_m + tile_n) * 128 (twice for three products) + staging + sums of other blocks +
// barriers.
constexpr int SharedMemoryBytes(const GemmSm90Config& c, StorePath path) {
  return FixedBytes(c, path, StagingBuffers(c, path));
}

// Sums a thread of a consumer keeps: 64 x columns over 128 threads for each row block, twice
// where those of a stage are promoted. In fp16 two share a register; a row block is widened as it
// is stored, all of them where blocks that share k exchange them.
constexpr int AccumulatorRegisters(const GemmSm90Config& c) {
  const int of_block = CoreColumns(c) / 2;
  return c.promote                         ? 2 * RowBlocks(c) * of_block
         : c.fp16_sums && c.cluster_k == 1 ? (RowBlocks(c) + 1) * of_block / 2
                                           : RowBlocks(c) * of_block;
}

// Registers of a thread of the producer and of a consumer after setmaxnreg, which takes
// multiples of 8. Together they stay within what the block was launched with.
struct RegisterSplit {
  int producer;
  int consumer;
};
constexpr RegisterSplit SplitRegisters(const GemmSm90Config& c) {
  return c.consumers == 3   ? RegisterSplit{32, 160}
         : c.consumers == 2 ? RegisterSplit{40, 232}
                            : RegisterSplit{40, 248};
}

// Bytes of a row of the box of a TMA store, one swizzle span: 128. Of 8-bit elements they would be
// many columns: swapped it is the 64 that a warpgroup has; else the span that covers tile_n with
// the fewest columns too many, and the widest of those.
constexpr int StoreBoxBytes(const GemmSm90Config& c, int d_bytes) {
  if (d_bytes > 1) return 128;
  if (c.swap_ab) return 64;
  int best = 32;
  for (int bytes = 64; bytes <= 128 && bytes <= c.tile_n; bytes *= 2) {
    if ((c.tile_n + bytes - 1) / bytes * bytes == (c.tile_n + best - 1) / best * best) best = bytes;
  }
  return best;
}

// The box of a TMA store: StoreBoxBytes of columns by rows. Unswapped, a warp's 16 rows; swapped,
// up to 64 rows of a warpgroup's 64 columns: the count that covers tile_m with the fewest rows too
// many, and the largest of those: multiples of 8, or of the 16 that a call for the dropout mask
// has. The last box of a tile begins earlier where the tile is no multiple of it, and stores some
// elements twice.
constexpr int StoreBoxRows(const GemmSm90Config& c, bool drops) {
  if (!c.swap_ab) return 16;
  const int step = drops ? 16 : 8;
  int best = step;
  for (int rows = 16; rows <= 64 && rows <= c.tile_m; rows += step) {
    const int covered = (c.tile_m + rows - 1) / rows * rows;
    if (covered <= (c.tile_m + best - 1) / best * best + step) best = rows;
  }
  return best;
}

// What an epilogue stores and reads beside D, by what its store path depends on.
enum class EpilogueTensors {
  kNone,
  kIn,   // One is read, of D's element size, in rows that begin at 16 bytes;
  kOut,  // or stored.
  kOther,
};
struct StoreNeeds {
  int d_bytes;
  int d_alignment;
  EpilogueTensors tensors;
  bool random_rounding;
  bool column_sums;
  bool drops;
};

// D goes through TMA in rows that begin and end at 16 bytes, less than which TMA does not write,
// and a tile as wide as a box. Boxes begin where tiles do, at multiples of 16 bytes: at others the
// copy unit raises an illegal instruction (seen on an H100). A transposed tile of 32-bit elements
// is wider than a box.
constexpr bool BoxesHoldTile(const GemmSm90Config& c, const StoreNeeds& needs) {
  const int row_bytes = c.tile_n * needs.d_bytes;
  return c.split_k == 1 && needs.d_alignment == 16 && !needs.random_rounding &&
         (!c.swap_ab || needs.d_bytes <= 2) && row_bytes >= StoreBoxBytes(c, needs.d_bytes) &&
         row_bytes % 16 == 0;
}
// No element is in two boxes: it is added to a sum, or replaced in place, once. Of 16-bit D alone.
constexpr bool BoxesAreDisjoint(const GemmSm90Config& c, const StoreNeeds& needs) {
  return needs.d_bytes == 2 &&
         (c.swap_ab ? c.tile_m % StoreBoxRows(c, needs.drops) == 0
                    : c.tile_n * needs.d_bytes % StoreBoxBytes(c, needs.d_bytes) == 0);
}
constexpr StorePath StorePathOf(const GemmSm90Config& c, const StoreNeeds& needs) {
  if (!BoxesHoldTile(c, needs) || needs.tensors == EpilogueTensors::kOther) {
    return StorePath::kStaged;
  }
  const bool is_beside = needs.tensors != EpilogueTensors::kNone;
  if (is_beside && c.swap_ab) {
    return needs.tensors == EpilogueTensors::kOut && needs.d_bytes == 2 ? StorePath::kTmaBeside
                                                                        : StorePath::kStaged;
  }
  if ((is_beside || needs.column_sums) && !BoxesAreDisjoint(c, needs)) return StorePath::kStaged;
  return is_beside ? StorePath::kTmaBeside : StorePath::kTma;
}

// Rows of D whose column sums are left in the workspace together: a warp's 16, or, swapped, those
// of the tile.
constexpr int ColumnSumRows(const GemmSm90Config& c) { return c.swap_ab ? c.tile_m : 16; }

// Legality. Each rule stands alone and has a name; IsLegal is all that can be asked of a config
// alone. Whether a target has the shared memory, and the epilogue the registers, is the tuner's
// question.

constexpr bool HasConsumers(const GemmSm90Config& c) {
  return c.consumers >= 1 && c.consumers <= 3 && (c.ping_pong == 0 || c.ping_pong == 1) &&
         (c.swap_ab == 0 || c.swap_ab == 1) && (c.promote == 0 || c.promote == 1);
}

// Three products are of fp32 operands; their sums, as promoted ones, are fp32.
constexpr bool ProductsSuitSums(const GemmSm90Config& c) {
  return (c.products == 1 || c.products == 3) && (c.fp16_sums == 0 || c.fp16_sums == 1) &&
         (!c.fp16_sums || (c.products == 1 && !c.promote));
}

// Ping-pong has two players.
constexpr bool PingPongHasTwo(const GemmSm90Config& c) { return !c.ping_pong || c.consumers == 2; }

// Core rows are whole blocks of 64 for each consumer, at most 256: TMA boxes end there.
constexpr bool RowsFillConsumers(const GemmSm90Config& c) {
  const int unit = 64 * (c.ping_pong ? 1 : c.consumers);
  return CoreRows(c) >= unit && CoreRows(c) <= 256 && CoreRows(c) % unit == 0;
}

// wgmma takes 8 to 256 columns in steps of 8.
constexpr bool ColumnsFitWgmma(const GemmSm90Config& c) {
  return CoreColumns(c) >= 8 && CoreColumns(c) <= 256 && CoreColumns(c) % 8 == 0;
}

// Without TMA a D that is not transposed is stored in steps of 16 columns.
constexpr bool StoreHoldsColumns(const GemmSm90Config& c, StorePath path) {
  return path != StorePath::kStaged || c.swap_ab || c.tile_n % 16 == 0;
}

// A mask is made for 16x16 blocks of D.
constexpr bool TileHoldsMask(const GemmSm90Config& c) {
  return c.tile_m % 16 == 0 && c.tile_n % 16 == 0;
}

constexpr bool HasPipeline(const GemmSm90Config& c) { return c.stages >= 2 && c.stages <= 12; }

// Clusters of 1, 2 or 4 blocks. Those that share k share nothing else, and all their consumers
// work on the one tile.
constexpr bool HasCluster(const GemmSm90Config& c) {
  const auto one = [](int extent) { return extent == 1 || extent == 2 || extent == 4; };
  return one(c.cluster_m) && one(c.cluster_n) && one(c.cluster_k) &&
         c.cluster_m * c.cluster_n <= 4 &&
         (c.cluster_k == 1 || (c.cluster_m == 1 && c.cluster_n == 1 && !c.ping_pong));
}

// Splits of k pass through the workspace, clusters along k through shared memory: one or the
// other.
constexpr bool SharesKOnce(const GemmSm90Config& c) { return c.cluster_k == 1 || c.split_k == 1; }

constexpr int ClusterBlocks(const GemmSm90Config& c) {
  return c.cluster_m * c.cluster_n * c.cluster_k;
}

// Each block of a cluster loads its share of what they share, in whole groups of 8 rows.
constexpr bool SharesAreWhole(const GemmSm90Config& c) {
  return c.tile_m % (8 * c.cluster_n) == 0 && c.tile_n % (8 * c.cluster_m) == 0;
}

// What the epilogue does beside scaling the sums, by what it needs of registers.
enum class EpilogueLoad {
  kPlain,         // Nothing, or one scale for all.
  kVector,        // A bias, an activation, amax, the flag or random bits; or a scale for each row
                  // and column.
  kScaledVector,  // Such scales, and something of the others.
  kTensors,       // A source or the auxiliary output.
};

// Registers of a consumer beside its sums: descriptors, addresses, and what the epilogue holds
// while it works on the fragments. With these none of the variants that the tests compile spills.
// d_bytes: of an element of D; single bytes that change places take more.
constexpr int ConsumerRegisters(const GemmSm90Config& c, EpilogueLoad load, StorePath path,
                                int d_bytes) {
  switch (load) {
    case EpilogueLoad::kTensors:
      return path == StorePath::kTmaBeside && c.swap_ab ? 56 : 104;
    case EpilogueLoad::kScaledVector:
      return 168;
    case EpilogueLoad::kVector:
      // Swapped, a lane has few columns of D, and their biases and scales.
      return path == StorePath::kStaged ? 112 : !c.swap_ab ? 96 : d_bytes == 1 ? 72 : 56;
    case EpilogueLoad::kPlain:
      break;
  }
  return path == StorePath::kStaged ? 72 : c.swap_ab && d_bytes == 1 ? 56 : 40;
}
constexpr bool SumsFitRegisters(const GemmSm90Config& c, EpilogueLoad load, StorePath path,
                                int d_bytes) {
  return AccumulatorRegisters(c) + ConsumerRegisters(c, load, path, d_bytes) <=
         SplitRegisters(c).consumer;
}

// With scales of blocks a thread holds those of its rows and columns while it adds: few groups of
// columns, or, swapped, few rows of A. Sums are promoted.
constexpr bool BlockScalesFit(const GemmSm90Config& c) {
  return c.promote && ColumnScales(c) <= (c.swap_ab ? 16 : 8);
}

// ptxas holds a single wgmma to the registers of the launch, 65536 over all threads: its sums
// and kInstructionRegisters beside them.
inline constexpr int kInstructionRegisters = 26;
constexpr bool InstructionFitsLaunch(const GemmSm90Config& c) {
  return CoreColumns(c) / (c.fp16_sums ? 4 : 2) + kInstructionRegisters <= 65536 / Threads(c);
}

constexpr bool FitsSharedMemoryOfSm90(const GemmSm90Config& c) {
  return FixedBytes(c, StorePath::kTma, 1) <= kSm90SharedMemory;
}

constexpr bool HasRunTimeValues(const GemmSm90Config& c) {
  return c.split_k >= 1 && c.raster_group >= 1 && (c.raster_along_n == 0 || c.raster_along_n == 1);
}

constexpr bool IsLegal(const GemmSm90Config& c) {
  return HasConsumers(c) && ProductsSuitSums(c) && PingPongHasTwo(c) && RowsFillConsumers(c) &&
         ColumnsFitWgmma(c) && HasPipeline(c) && HasCluster(c) && SharesKOnce(c) &&
         SharesAreWhole(c) && SumsFitRegisters(c, EpilogueLoad::kPlain, StorePath::kTma, 2) &&
         InstructionFitsLaunch(c) && FitsSharedMemoryOfSm90(c) && HasRunTimeValues(c);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SM90_CONFIG_H_
