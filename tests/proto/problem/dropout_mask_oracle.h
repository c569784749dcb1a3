// Says, on the host, which elements dropout keeps, by docs/dropout.md. It is not made from the
// device's header, so each checks the other. Plain, not fast. Pure; any thread.
#ifndef TILEWRIGHT_TESTS_PROTO_PROBLEM_DROPOUT_MASK_ORACLE_H_
#define TILEWRIGHT_TESTS_PROTO_PROBLEM_DROPOUT_MASK_ORACLE_H_

#include <array>
#include <cstdint>
#include <vector>

namespace tilewright {

// Computes Philox-4x32 of Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC'11). Low
// words come first.
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

// Returns the 16 bits for the stochastic rounding of the element.
uint32_t RoundingBits(uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column);

// A part of one batch: [rows, columns] elements that begin at (first_row, first_column).
struct MaskRegion {
  uint32_t batch = 0;
  uint32_t first_row = 0;
  uint32_t first_column = 0;
  int64_t rows = 0;
  int64_t columns = 0;
};

// Packs the region as Dropout.store_mask in problem.proto describes.
std::vector<uint8_t> PackMask(const DropoutMask& mask, const MaskRegion& region);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_PROTO_PROBLEM_DROPOUT_MASK_ORACLE_H_
