// The header that the kernels draw random bits with, compiled for the host: what it gives must be
// the golden masks and those of the host's reference, bit for bit.
#include <algorithm>
#include <random>

#include "gtest/gtest.h"
#include "proto/problem/dropout_mask.h"
#include "tests/golden/dropout_masks.h"
#include "tests/proto/problem/dropout_mask_oracle.h"

#define __device__
#define __forceinline__ inline
namespace device {
#include "common/random_bits.cuh"
}  // namespace device

namespace tilewright {
namespace {

using device::tilewright::KeepBits;
using device::tilewright::PhiloxWords;
using device::tilewright::RandomBits16;
using device::tilewright::RandomBlock;
using device::tilewright::RandomUse;

struct Element {
  uint32_t batch;
  uint32_t row;
  uint32_t column;
};

PhiloxWords BlockOf(const DropoutMask& mask, const Element& element) {
  const auto block = mask.rounds == 7 ? RandomBlock<7> : RandomBlock<10>;
  return block(device::tilewright::PhiloxKeysOf(mask.seed), mask.offset, RandomUse::kDropout,
               element.batch, element.row, element.column);
}

// The element's bit among the 8 of KeepBits.
bool DeviceKeeps(const DropoutMask& mask, const Element& element) {
  const unsigned bit = 2 * (element.row / 8 % 2 * 2 + element.column / 8 % 2) + element.column % 2;
  return (KeepBits(BlockOf(mask, element), DropoutOffset(mask.threshold)) >> bit & 1) != 0;
}

TEST(RandomBitsTest, PhiloxGivesThePublishedWords) {
  for (const auto& golden : GoldenMasks()["philox"]) {
    const auto counter = HexWords<4>(golden["counter"]);
    const auto key = HexWords<2>(golden["key"]);
    const auto philox =
        golden["rounds"] == 7 ? device::tilewright::Philox<7> : device::tilewright::Philox<10>;
    const PhiloxWords words =
        philox({{counter[0], counter[1], counter[2], counter[3]}},
               device::tilewright::PhiloxKeysOf(key[0] | static_cast<uint64_t>(key[1]) << 32));
    const auto expected = HexWords<4>(golden["words"]);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), words.word)) << golden;
  }
}

TEST(RandomBitsTest, MasksAreTheGoldenOnes) {
  for (const auto& golden : GoldenMasks()["masks"]) {
    const MaskRegion region = RegionOf(golden);
    std::vector<uint8_t> packed(
        static_cast<size_t>(region.rows * PackedMaskRowBytes(region.columns)));
    for (int64_t i = 0; i < region.rows; ++i) {
      for (int64_t j = 0; j < region.columns; ++j) {
        const Element element = {region.batch, region.first_row + static_cast<uint32_t>(i),
                                 region.first_column + static_cast<uint32_t>(j)};
        uint8_t& byte = packed[static_cast<size_t>(i * PackedMaskRowBytes(region.columns) + j / 8)];
        if (DeviceKeeps(MaskOf(golden), element)) byte = static_cast<uint8_t>(byte | 1u << j % 8);
      }
    }
    EXPECT_EQ(HexBytes(packed), golden["packed"].get<std::string>()) << golden;
  }
}

TEST(RandomBitsTest, AgreeWithTheReferenceEverywhere) {
  std::mt19937_64 random(20260101);
  for (int i = 0; i < 50000; ++i) {
    const DropoutMask mask = {random(), random() >> 16, i % 2 == 0 ? 7 : 10,
                              static_cast<uint32_t>(random() % (kDropoutSteps + 1))};
    const Element element = {static_cast<uint32_t>(random() % 65535),
                             static_cast<uint32_t>(random() >> 33),
                             static_cast<uint32_t>(random() >> 33)};
    ASSERT_EQ(DeviceKeeps(mask, element), mask.Keeps(element.batch, element.row, element.column));
    const PhiloxWords rounding =
        RandomBlock<7>(device::tilewright::PhiloxKeysOf(mask.seed), mask.offset,
                       RandomUse::kRounding, element.batch, element.row, element.column);
    ASSERT_EQ(RandomBits16(rounding, element.row, element.column),
              RoundingBits(mask.seed, mask.offset, element.batch, element.row, element.column));
  }
}

}  // namespace
}  // namespace tilewright
