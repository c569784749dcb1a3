// The legality rules and the arithmetic of abi/gemm_*_config.h.
#include "gtest/gtest.h"
#include "kernel_templates/abi/gemm_simt_config.h"
#include "kernel_templates/abi/gemm_sm80_config.h"

namespace tilewright {
namespace {

constexpr GemmSm80Config kGood = {128, 256, 32, 2, 4, 4, 1, 8};
constexpr GemmSimtConfig kGoodSimt = {128, 128, 8, 8, 8, 1, 8};

TEST(GemmSm80ConfigTest, ResourcesFollowFromTheConfig) {
  EXPECT_TRUE(IsLegal(kGood, 2));
  EXPECT_EQ(Threads(kGood), 256);
  EXPECT_EQ(PipelineBytes(kGood, 2), 4 * (128 + 256) * 32 * 2);
  EXPECT_EQ(StagingBytes(kGood), 8 * 16 * (64 + 8) * 4);
  EXPECT_EQ(SharedMemoryBytes(kGood, 2), PipelineBytes(kGood, 2));
  EXPECT_EQ(AccumulatorRegisters(kGood), 128);
  EXPECT_EQ(MinBlocksPerSm(kGood), 1);
}

TEST(GemmSm80ConfigTest, StagingMayBeLargerThanTheRing) {
  constexpr GemmSm80Config kShallow = {64, 64, 16, 2, 2, 2, 1, 1};
  EXPECT_TRUE(IsLegal(kShallow, 2));
  EXPECT_EQ(SharedMemoryBytes(kShallow, 2), StagingBytes(kShallow));
}

TEST(GemmSm80ConfigTest, EachRuleRejectsItsOwnBreach) {
  const auto with = [](auto change) {
    GemmSm80Config config = kGood;
    change(config);
    return config;
  };
  EXPECT_FALSE(TilesAreRound(with([](auto& c) { c.tile_m = 160; })));
  EXPECT_FALSE(TilesAreRound(with([](auto& c) { c.tile_n = 512; })));
  EXPECT_FALSE(HasWarps(with([](auto& c) { c.warps_m = c.warps_n = 1; })));
  EXPECT_FALSE(WarpTileHoldsBlocks(with([](auto& c) { c.warps_m = 16; })));
  EXPECT_FALSE(StageHoldsSteps(with([](auto& c) { c.tile_k = 48; }), 2));
  EXPECT_FALSE(StageHoldsSteps(with([](auto& c) { c.tile_k = 128; }), 2));
  EXPECT_TRUE(StageHoldsSteps(with([](auto& c) { c.tile_k = 128; }), 1));
  EXPECT_FALSE(HasStages(with([](auto& c) { c.stages = 1; })));
  EXPECT_FALSE(FitsRegisters(with([](auto& c) { c.warps_m = 1; })));
  EXPECT_FALSE(HasRunTimeValues(with([](auto& c) { c.split_k = 0; })));
}

TEST(GemmSimtConfigTest, ResourcesFollowFromTheConfig) {
  EXPECT_TRUE(IsLegal(kGoodSimt));
  EXPECT_EQ(Threads(kGoodSimt), 256);
  EXPECT_EQ(SharedMemoryBytes(kGoodSimt), 2 * 8 * (132 + 132) * 4);
  EXPECT_EQ(AccumulatorRegisters(kGoodSimt), 64);
}

TEST(GemmSimtConfigTest, EachRuleRejectsItsOwnBreach) {
  const auto with = [](auto change) {
    GemmSimtConfig config = kGoodSimt;
    change(config);
    return config;
  };
  EXPECT_FALSE(ThreadTileHoldsVectors(with([](auto& c) { c.thread_m = 6; })));
  EXPECT_FALSE(TileHoldsThreads(with([](auto& c) { c.tile_m = 100; })));
  EXPECT_FALSE(HasThreads(with([](auto& c) { c.thread_m = c.thread_n = 4; })));
  EXPECT_FALSE(StageHoldsVectors(with([](auto& c) { c.tile_k = 12; })));
  EXPECT_FALSE(CopiesDivide(with([](auto& c) { c.tile_k = 4; })));
  EXPECT_FALSE(HasRunTimeValues(with([](auto& c) { c.raster_group = 0; })));
}

}  // namespace
}  // namespace tilewright
