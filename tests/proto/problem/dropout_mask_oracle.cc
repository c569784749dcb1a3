#include "tests/proto/problem/dropout_mask_oracle.h"

#include <cstddef>

#include "proto/problem/dropout_mask.h"

namespace tilewright {
namespace {

constexpr uint32_t kDropoutUse = 0;
constexpr uint32_t kRoundingUse = 1;
constexpr int kRoundingRounds = 7;

// Returns the 16 random bits of one element for one use.
uint32_t ElementBits(uint64_t seed, uint64_t offset, uint32_t use, int rounds, uint32_t batch,
                     uint32_t row, uint32_t column) {
  const uint32_t lane = row % 8 * 4 + column % 8 / 2;
  const std::array<uint32_t, 4> words =
      Philox4x32({column / 16 * 32 + lane, row / 16 + (use << 27), static_cast<uint32_t>(offset),
                  static_cast<uint32_t>(offset >> 32) + (batch << 16)},
                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, rounds);
  const uint32_t word = words[row / 8 % 2 * 2 + column / 8 % 2];
  return column % 2 == 0 ? word & 0xFFFF : word >> 16;
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key,
                                   int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * counter[0];
    const uint64_t second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
        static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

bool DropoutMask::Keeps(uint32_t batch, uint32_t row, uint32_t column) const {
  const uint32_t bits = ElementBits(seed, offset, kDropoutUse, rounds, batch, row, column);
  return bits % kDropoutSteps >= threshold;
}

uint32_t RoundingBits(uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column) {
  return ElementBits(seed, offset, kRoundingUse, kRoundingRounds, batch, row, column);
}

std::vector<uint8_t> PackMask(const DropoutMask& mask, const MaskRegion& region) {
  const int64_t row_bytes = PackedMaskRowBytes(region.columns);
  std::vector<uint8_t> packed(static_cast<size_t>(region.rows * row_bytes));
  for (int64_t i = 0; i < region.rows; ++i) {
    for (int64_t j = 0; j < region.columns; ++j) {
      if (!mask.Keeps(region.batch, region.first_row + static_cast<uint32_t>(i),
                      region.first_column + static_cast<uint32_t>(j))) {
        continue;
      }
      const auto byte = static_cast<size_t>(i * row_bytes + j / 8);
      packed[byte] = static_cast<uint8_t>(packed[byte] | 1u << (j % 8));
    }
  }
  return packed;
}

}  // namespace tilewright
