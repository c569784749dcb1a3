// The compile-time parameters of fused_dropout and the resources that follow from them: the one
// source for the template and for the tuner. Plain constexpr C++.
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
  int ring_parts = 0;  // Parts of rows that are on their way through shared memory, a part being a
                       // slot of a pair of rows, of every tensor that is read; 0: none, all comes
                       // into registers.
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
  int held_values;   // fp32 registers an element of a row: what is normalized, bias and weight.
  bool drops;        // Random bits are made.
  int column_sums;   // Gradients [columns]: 0 to 3.
  int column_terms;  // Of weight and bias, those that a backward form needs.
  int least_access;  // Bytes of the narrowest access to those tensors.
  bool backward;
};

inline constexpr int kMostColumnSums = 3;

// Floats of shared memory in which the warps of a row meet, twice: one barrier a sum.
constexpr int GroupSumFloats(const FusedDropoutConfig& c) { return 2 * (c.threads / 32) * 4; }

// Bytes of a part of rows: of all threads, in both rows.
constexpr int PartBytes(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  return c.threads * 2 * c.vector * work.row_bytes;
}

// Bytes of dynamic shared memory: what rows are summed in, two factors of each row where they are
// looped, the ring, and one vector a thread where several pairs of rows are added up. A part of the
// ring holds as many vectors, once it is done with.
constexpr int SharedMemoryBytes(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const bool adds_pairs = work.column_sums > 0 && PairsAtOnce(c) > 1;
  const int floats = (work.normalizes ? GroupSumFloats(c) : 0) +
                     (work.normalizes && c.looped ? 2 * c.tile_m : 0) +
                     (adds_pairs && c.ring_parts == 0 ? c.threads * c.vector : 0);
  return 4 * floats + c.ring_parts * PartBytes(c, work);
}

// Registers a thread needs: what it has read of two rows (or four, with those on their way), the
// values that it keeps in fp32, the random bits (16 an element), one row's results, the running
// sums, and addresses and loop state. What comes through the ring it has slot by slot, but for the
// values of a forward form and the terms of a backward one, which are packed.
inline constexpr int kFusedAddressRegisters = 40;
inline constexpr int kRingAddressRegisters = 28;
inline constexpr int kRowSumRegisters = 20;  // Where rows that came through a ring are normalized.
constexpr int RegisterEstimate(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const int elements = c.vector * c.slots;
  const int read = 2 * work.row_bytes / 4;
  const int made = 1 + (work.drops ? 1 : 0);
  if (c.ring_parts > 0) {
    const int held = work.backward ? work.column_terms * elements / 2 : 2 * elements;
    return kRingAddressRegisters + (work.normalizes ? kRowSumRegisters : 0) + 4 * c.slots +
           c.vector * (read + made) + held + elements * work.column_sums;
  }
  return kFusedAddressRegisters +
         elements * ((c.prefetch ? 2 : 1) * read + work.held_values + made + work.column_sums);
}

// Blocks an SM that the kernel is compiled for, from the register file of 65536, the 2048 threads
// and the 227 KiB of shared memory of an SM, of which each block takes one more.
constexpr int MinBlocksPerSm(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const int by_registers = 65536 / (c.threads * RegisterEstimate(c, work));
  const int by_threads = 2048 / c.threads;
  const int by_shared = 227 * 1024 / (SharedMemoryBytes(c, work) + 1024);
  const int blocks = by_registers < by_threads ? by_registers : by_threads;
  const int fitting = blocks < by_shared ? blocks : by_shared;
  return fitting < 1 ? 1 : fitting;
}

// Legality. Each rule stands alone and has a name; IsLegal is all of them. Whether a target has
// the shared memory is the tuner's question.

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

// tile_m rows give every group the same number of pairs, and so do what the last tile has where
// tile_m is no multiple of 16, the rows of 8 pairs.
constexpr bool TileHoldsPairs(const FusedDropoutConfig& c) {
  return c.tile_m >= 4 && c.tile_m <= 4096 && c.tile_m % (2 * PairsAtOnce(c)) == 0 &&
         (c.tile_m % 16 == 0 || (8 % PairsAtOnce(c) == 0 && c.looped == 0));
}

constexpr bool HasFlags(const FusedDropoutConfig& c) {
  const auto is_flag = [](int value) { return value == 0 || value == 1; };
  return is_flag(c.read_mask) && is_flag(c.prefetch) && is_flag(c.looped);
}

// A ring is no shorter than what a row needs of it at once, and takes what its copies can bring: 4
// bytes at least.
constexpr bool RingHoldsRows(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  return c.ring_parts == 0 || (c.ring_parts >= c.slots && c.ring_parts <= 32 && c.prefetch == 0 &&
                               c.looped == 0 && work.least_access >= 4);
}

// There is a next pair, and it is the next that a thread works on.
constexpr bool HasNextPair(const FusedDropoutConfig& c) {
  return c.prefetch == 0 || (c.looped == 0 && c.tile_m / 2 > PairsAtOnce(c));
}

// A thread has 255 registers, an SM 65536. With a ring, and one pair of rows a block, whose place
// all threads share, the compiler does with kSpareRegisters less before it spills more than a few.
inline constexpr int kSpareRegisters = 32;
constexpr bool FitsRegisters(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  const bool is_lean = c.ring_parts > 0 && PairsAtOnce(c) == 1;
  const int least = RegisterEstimate(c, work) - (is_lean ? kSpareRegisters : 0);
  return least <= 255 && least * c.threads <= 65536;
}

constexpr bool IsLegal(const FusedDropoutConfig& c, const FusedDropoutWork& work) {
  return VectorSharesCalls(c) && HasSlots(c) && ThreadsMakeGroups(c) && TileHoldsPairs(c) &&
         HasFlags(c) && HasNextPair(c) && RingHoldsRows(c, work) &&
         (work.normalizes || c.looped == 0) && FitsRegisters(c, work);
}

// Block of the second step, which adds up the partial sums of columns in order: lines of 64 bytes,
// so that 1024 columns make 64 blocks, and few tiles a thread, since each is a wait for L2. With 32
// registers a thread, blocks find room beside the last ones of the first step.
inline constexpr int kColumnReduceThreads = 512;
inline constexpr int kColumnReduceColumns = 16;
inline constexpr int kColumnReduceBlocksPerSm = 4;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_CONFIG_H_
