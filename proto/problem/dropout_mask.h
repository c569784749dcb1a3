// Which elements dropout keeps, on the host: docs/dropout.md is the contract. Written from it and
// not from the device's header, so that each checks the other. Plain, not fast. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_
#define TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_

#include <array>
#include <cstdint>
#include <vector>

namespace tilewright {

// Offsets are below it: the upper 16 bits of their word are the batch's.
inline constexpr uint64_t kOffsetLimit = uint64_t{1} << 48;

// Values that the bits of an element take: thresholds are in [0, kDropoutSteps].
inline constexpr uint32_t kDropoutSteps = 32768;

// The threshold of `probability`, which is in [0, 1]: the nearest integer to p * 2^15, ties to
// even. 0 drops nothing, kDropoutSteps everything.
uint32_t QuantizeProbability(double probability);

// What kept elements are multiplied with: 32768 / (32768 - threshold), and 0 of threshold 32768.
float DropoutScale(uint32_t threshold);

// GemmArgs::dropout_offset of a threshold: (32768 - threshold) * (2^16 + 1).
uint32_t DropoutOffset(uint32_t threshold);

// Philox-4x32 of Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC'11). Low words
// come first.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key,
                                   int rounds);

// The mask of one launch.
struct DropoutMask {
  uint64_t seed = 0;
  uint64_t offset = 0;  // Below kOffsetLimit.
  int rounds = 7;
  uint32_t threshold = 0;

  bool Keeps(uint32_t batch, uint32_t row, uint32_t column) const;
};

// The 16 bits that round the element stochastically.
uint32_t RoundingBits(uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column);

// A part of one batch, [rows, columns] elements from (first_row, first_column) on.
struct MaskRegion {
  uint32_t batch = 0;
  uint32_t first_row = 0;
  uint32_t first_column = 0;
  int64_t rows = 0;
  int64_t columns = 0;
};

// Bytes of a row of a packed mask.
int64_t PackedMaskRowBytes(int64_t columns);

// The region packed as problem.proto, Dropout.store_mask, lays a mask out.
std::vector<uint8_t> PackMask(const DropoutMask& mask, const MaskRegion& region);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_DROPOUT_MASK_H_
