// The compile-time parameters of fused_dropout and the resources that follow from them: the one
// source for the template and for its search space. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_CONFIG_H_

namespace tilewright {

struct FusedDropoutConfig {
  int vector;          // Neighbouring elements of a row that a thread has together.
  int slots;           // Vectors of a row that a thread has at once: all are loaded before one
                       // is used, and their random bits are made side by side.
  int column_threads;  // Threads along a row.
  int threads;         // Threads of a block: threads / column_threads pairs of rows at once.
  int tile_m;          // Rows a block computes, one pair of rows (r, r + 8) after another.
  int read_mask = 0;   // Backward, where the mask is stored: 1 reads it, 0 computes it again.
  int prefetch = 0;    // 1: a pair of rows is on its way while the one before is worked on.
  int looped = 0;      // Normalization: rows may be longer than what a group of threads has at
                       // once; they are read again for each pass.
};

// Elements of a row that a group of threads has at once: tile_n without a normalization, and with
// one the longest row unless it is looped.
constexpr int HeldColumns(const FusedDropoutConfig& c) {
  return c.vector * c.slots * c.column_threads;
}

// Pairs of rows that a block has at once.
constexpr int PairsAtOnce(const FusedDropoutConfig& c) { return c.threads / c.column_threads; }

// What of a problem decides about resources.
struct FusedDropoutWork {
  int row_tensors;  // Tensors [rows, columns] that are read.
  int row_bytes;    // Bytes of one element of them together.
  bool normalizes;
  int held_values;  // fp32 registers an element of a row: what is normalized, bias and weight.
  bool drops;       // Random bits are made.
  int column_sums;  // Gradients [columns]: 0 to 3.
};

inline constexpr int kMostColumnSums = 3;

// Floats of shared memory in which the warps of a row meet, twice: one barrier a sum.
constexpr int GroupSumFloats(const FusedDropoutConfig& c) { return 2 * (c.threads / 32) * 4; }

// Bytes of dynamic shared memory: what rows are summed in, two factors of each row where they
// are looped, and one vector a thread where several pairs of rows are added up.
constexpr int SharedMemoryBytes(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const int floats = (work.normalizes ? GroupSumFloats(c) : 0) +
                     (work.normalizes && c.looped ? 2 * c.tile_m : 0) +
                     (work.column_sums > 0 && PairsAtOnce(c) > 1 ? c.threads * c.vector : 0);
  return 4 * floats;
}

// Registers a thread needs: what it has read of two rows (or four, with those on their way), the
// values that it keeps in fp32, the random bits (16 an element), one row's results, the running
// sums, and addresses and loop state.
inline constexpr int kFusedAddressRegisters = 40;
constexpr int RegisterEstimate(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const int elements = c.vector * c.slots;
  return kFusedAddressRegisters + elements +
         (c.prefetch ? 4 : 2) * elements * work.row_bytes / 4 +
         work.held_values * elements + (work.drops ? elements : 0) +
         work.column_sums * elements;
}

// Blocks an SM that the kernel is compiled for, from the register file of 65536 and the 2048
// threads of an SM.
constexpr int MinBlocksPerSm(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const int by_registers = 65536 / (c.threads * RegisterEstimate(c, work));
  const int by_threads = 2048 / c.threads;
  const int blocks = by_registers < by_threads ? by_registers : by_threads;
  return blocks < 1 ? 1 : blocks;
}

// Legality. Each rule stands alone and has a name; IsLegal is all of them. Whether a target has
// the shared memory is the search space's question.

constexpr bool IsPowerOfTwo(int value) { return value > 0 && (value & (value - 1)) == 0; }

// One call of the generator serves columns {2q, 2q + 1, 8 + 2q, 8 + 2q + 1} of two rows. 16
// columns use four calls whole; 8 and 4 share them with a neighbour.
constexpr bool VectorSharesCalls(const FusedDropoutConfig& c) {
  return c.vector == 4 || c.vector == 8 || c.vector == 16;
}

// At most 32 elements of a row a thread.
constexpr bool HasSlots(const FusedDropoutConfig& c) {
  return c.slots >= 1 && c.slots * c.vector <= 32;
}

// A block has whole groups of threads, and a group whole warps or a warp whole groups.
constexpr bool ThreadsMakeGroups(const FusedDropoutConfig& c) {
  return IsPowerOfTwo(c.column_threads) && c.column_threads >= 4 && c.threads % 32 == 0 &&
         c.threads >= 32 && c.threads <= 1024 && c.column_threads <= c.threads &&
         c.threads % c.column_threads == 0;
}

// tile_m rows are whole blocks of 16 and give every group the same number of pairs.
constexpr bool TileHoldsPairs(const FusedDropoutConfig& c) {
  return c.tile_m >= 16 && c.tile_m <= 4096 && c.tile_m % 16 == 0 &&
         c.tile_m / 2 % PairsAtOnce(c) == 0;
}

constexpr bool HasFlags(const FusedDropoutConfig& c) {
  const auto is_flag = [](int value) { return value == 0 || value == 1; };
  return is_flag(c.read_mask) && is_flag(c.prefetch) && is_flag(c.looped);
}

// There is a next pair, and it is the next that a thread works on.
constexpr bool HasNextPair(const FusedDropoutConfig& c) {
  return c.prefetch == 0 || (c.looped == 0 && c.tile_m / 2 > PairsAtOnce(c));
}

// A thread has 255 registers, an SM 65536.
constexpr bool FitsRegisters(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  return RegisterEstimate(c, work) <= 255 && RegisterEstimate(c, work) * c.threads <= 65536;
}

constexpr bool IsLegal(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  return VectorSharesCalls(c) && HasSlots(c) && ThreadsMakeGroups(c) && TileHoldsPairs(c) &&
         HasFlags(c) && HasNextPair(c) && (work.normalizes || c.looped == 0) &&
         FitsRegisters(c, work);
}

// Block of the second step, which adds up the partial sums of columns in order: lines of 64 bytes,
// so that 1024 columns make 64 blocks, and few tiles a thread, since each is a wait for L2.
inline constexpr int kColumnReduceThreads = 512;
inline constexpr int kColumnReduceColumns = 16;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_CONFIG_H_
