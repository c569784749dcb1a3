// The legality rules and the arithmetic of abi/gemm_*_config.h.
#include "gtest/gtest.h"
#include "kernel_templates/abi/gemm_simt_config.h"
#include "kernel_templates/abi/gemm_sm80_config.h"
#include "kernel_templates/abi/gemm_sm90_config.h"

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
  EXPECT_FALSE(HoldsNarrowCopies(kGood, 2));
  EXPECT_TRUE(HoldsNarrowCopies(kGood, 4));
  EXPECT_TRUE(HoldsNarrowCopies(with([](auto& c) { c.tile_n = 128; }), 1));
  EXPECT_FALSE(HasRunTimeValues(with([](auto& c) { c.split_k = 0; })));
  EXPECT_FALSE(HasSums(with([](auto& c) { c.fp16_sums = 2; })));
}

constexpr GemmSm90Config kGoodSm90 = {.tile_m = 128,
                                      .tile_n = 256,
                                      .stages = 4,
                                      .consumers = 2,
                                      .ping_pong = 0,
                                      .cluster_m = 2,
                                      .cluster_n = 1,
                                      .cluster_k = 1,
                                      .promote = 0,
                                      .swap_ab = 0,
                                      .split_k = 1,
                                      .raster_group = 8,
                                      .raster_along_n = 0};

template <typename Change>
constexpr GemmSm90Config Sm90With(Change change) {
  GemmSm90Config config = kGoodSm90;
  change(config);
  return config;
}

TEST(GemmSm90ConfigTest, ResourcesFollowFromTheConfig) {
  EXPECT_TRUE(IsLegal(kGoodSm90));
  EXPECT_EQ(Threads(kGoodSm90), 384);
  EXPECT_EQ(StageBytes(kGoodSm90), (128 + 256) * 128);
  EXPECT_EQ(RowBlocks(kGoodSm90), 1);
  EXPECT_EQ(AccumulatorRegisters(kGoodSm90), 128);
  // Four stages of 128 x 256 leave room for two buffers of 2 KiB for each of eight warps.
  EXPECT_EQ(StagingBuffers(kGoodSm90, StorePath::kTma), 2);
  EXPECT_EQ(SharedMemoryBytes(kGoodSm90, StorePath::kTma), 4 * 384 * 128 + 8 * 2 * 2048 + 4 * 16);
  EXPECT_LE(SharedMemoryBytes(kGoodSm90, StorePath::kTma), kSm90SharedMemory);
  // Without TMA whole rows are staged: three buffers a warp, and a stage fewer.
  EXPECT_GT(SharedMemoryBytes(kGoodSm90, StorePath::kStaged), kSm90SharedMemory);
}

TEST(GemmSm90ConfigTest, APingPongConsumerHasTheWholeTile) {
  constexpr GemmSm90Config kPingPong = Sm90With([](auto& c) {
    c.ping_pong = 1;
    c.tile_n = 192;
  });
  EXPECT_TRUE(IsLegal(kPingPong));
  EXPECT_EQ(RowBlocks(kPingPong), 2);
  EXPECT_EQ(AccumulatorRegisters(kPingPong), 192);
}

TEST(GemmSm90ConfigTest, SwappedTilesGiveTheCoreTheirColumnsAsRows) {
  constexpr GemmSm90Config kSwapped = Sm90With([](auto& c) {
    c.swap_ab = 1;
    c.tile_m = 16;
    c.tile_n = 128;
  });
  EXPECT_TRUE(IsLegal(kSwapped));
  EXPECT_EQ(CoreRows(kSwapped), 128);
  EXPECT_EQ(CoreColumns(kSwapped), 16);
  EXPECT_EQ(AccumulatorRegisters(kSwapped), 8);
}

TEST(GemmSm90ConfigTest, ThreeProductsHaveTheirLowPartsBesideEachStage) {
  constexpr GemmSm90Config kThree = Sm90With([](auto& c) {
    c.products = 3;
    c.tile_n = 128;
    c.stages = 3;
  });
  EXPECT_TRUE(IsLegal(kThree));
  EXPECT_EQ(LoadedBytes(kThree), (128 + 128) * 128);
  EXPECT_EQ(StageBytes(kThree), 2 * LoadedBytes(kThree));
  EXPECT_EQ(BarrierBytes(kThree, StorePath::kTma), 3 * 3 * 8);
  EXPECT_EQ(SharedMemoryBytes(kThree, StorePath::kTma),
            3 * 2 * 256 * 128 + 8 * 2 * 2048 + 3 * 3 * 8);
  EXPECT_EQ(AccumulatorRegisters(kThree), 64);
  EXPECT_EQ(AccumulatorRegisters(Sm90With([](auto& c) {
              c.products = 3;
              c.promote = 1;
              c.tile_n = 128;
            })),
            128);
}

// A row block is widened while the others wait: (blocks + 1) * columns / 4.
TEST(GemmSm90ConfigTest, SumsInFp16ShareRegistersUntilTheyAreStored) {
  constexpr GemmSm90Config kHalf = Sm90With([](auto& c) {
    c.fp16_sums = 1;
    c.tile_m = 256;
    c.stages = 3;
  });
  EXPECT_TRUE(IsLegal(kHalf));
  EXPECT_EQ(AccumulatorRegisters(kHalf), 3 * 256 / 4);
  EXPECT_FALSE(IsLegal(Sm90With([](auto& c) {
    c.tile_m = 256;
    c.stages = 3;
  })));
  // Blocks that share k exchange them in fp32.
  EXPECT_EQ(AccumulatorRegisters(Sm90With([](auto& c) {
              c.fp16_sums = 1;
              c.cluster_m = 1;
              c.cluster_k = 2;
            })),
            128);
  // Three consumers launch with 128 registers each.
  EXPECT_TRUE(InstructionFitsLaunch(Sm90With([](auto& c) {
    c.fp16_sums = 1;
    c.consumers = 3;
  })));
}

TEST(GemmSm90ConfigTest, RegistersOfAllWarpgroupsAreThoseOfTheLaunch) {
  for (const int consumers : {2, 3}) {
    const GemmSm90Config config = Sm90With([&](auto& c) { c.consumers = consumers; });
    const RegisterSplit split = SplitRegisters(config);
    const int at_launch = 65536 / Threads(config) / 8 * 8;
    EXPECT_LE(128 * (split.producer + consumers * split.consumer), at_launch * Threads(config));
    EXPECT_EQ(split.producer % 8, 0);
    EXPECT_EQ(split.consumer % 8, 0);
  }
}

StoreNeeds Plain(int d_bytes, int d_alignment = 16) {
  return {d_bytes, d_alignment, EpilogueTensors::kNone, false, false, false};
}

StoreNeeds WithBeside(EpilogueTensors tensors = EpilogueTensors::kIn) {
  return {2, 16, tensors, false, false, false};
}

bool GoesThroughTma(const GemmSm90Config& config, const StoreNeeds& needs) {
  return StorePathOf(config, needs) == StorePath::kTma;
}

// ptxas counts warps in fours.
TEST(GemmSimtConfigTest, BlocksOfOneWarpAreCountedInFours) {
  const GemmSimtConfig config = {.tile_m = 32,
                                 .tile_n = 64,
                                 .tile_k = 16,
                                 .thread_m = 4,
                                 .thread_n = 16,
                                 .split_k = 1,
                                 .raster_group = 1};
  ASSERT_EQ(Threads(config), 32);
  ASSERT_EQ(65536 / (32 * RegisterEstimate(config)), 10);
  EXPECT_EQ(MinBlocksPerSm(config), 8);
}

TEST(GemmSm90ConfigTest, DGoesThroughTmaWhereItsRowsAdmitIt) {
  EXPECT_TRUE(GoesThroughTma(kGoodSm90, Plain(2)));
  EXPECT_FALSE(GoesThroughTma(kGoodSm90, Plain(2, 8)));
  StoreNeeds needs = Plain(2);
  needs.tensors = EpilogueTensors::kOther;
  EXPECT_FALSE(GoesThroughTma(kGoodSm90, needs));
  needs = Plain(2);
  needs.random_rounding = true;
  EXPECT_FALSE(GoesThroughTma(kGoodSm90, needs));
  EXPECT_FALSE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 32; }), Plain(2)));
  EXPECT_TRUE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 32; }), Plain(4)));
  EXPECT_FALSE(GoesThroughTma(Sm90With([](auto& c) { c.swap_ab = 1; }), Plain(4)));
  EXPECT_FALSE(GoesThroughTma(Sm90With([](auto& c) { c.split_k = 2; }), Plain(2)));
}

// Another tensor passes in the boxes' place or beside them where no element is in two of them.
TEST(GemmSm90ConfigTest, OneTensorPassesBesideD) {
  const auto path = [](const GemmSm90Config& config) { return StorePathOf(config, WithBeside()); };
  EXPECT_EQ(path(kGoodSm90), StorePath::kTmaBeside);
  EXPECT_EQ(path(Sm90With([](auto& c) { c.tile_n = 96; })), StorePath::kStaged);
  EXPECT_EQ(path(Sm90With([](auto& c) { c.swap_ab = 1; })), StorePath::kStaged);
  // What goes out may be in two boxes, which both have it, where it is transposed.
  const auto path_out = [](const GemmSm90Config& config) {
    return StorePathOf(config, WithBeside(EpilogueTensors::kOut));
  };
  EXPECT_EQ(path_out(kGoodSm90), StorePath::kTmaBeside);
  EXPECT_EQ(path_out(Sm90With([](auto& c) { c.tile_n = 96; })), StorePath::kStaged);
  const GemmSm90Config swapped = Sm90With([](auto& c) {
    c.swap_ab = 1;
    c.tile_m = 80;
    c.tile_n = 128;
  });
  EXPECT_EQ(path_out(swapped), StorePath::kTmaBeside);
  EXPECT_EQ(StagingBuffers(swapped, StorePath::kTmaBeside), 4);
  const GemmSm90Config config = Sm90With([](auto& c) { c.stages = 3; });
  EXPECT_EQ(SharedMemoryBytes(config, StorePath::kTmaBeside),
            FixedBytes(config, StorePath::kTma, 2) + 8 * 16);
  EXPECT_EQ(SharedMemoryBytes(config, StorePath::kTma), FixedBytes(config, StorePath::kTma, 4));
}

// Sums of columns take each element once.
TEST(GemmSm90ConfigTest, ColumnSumsNeedDisjointBoxes) {
  StoreNeeds needs = Plain(2);
  needs.column_sums = true;
  EXPECT_EQ(StorePathOf(kGoodSm90, needs), StorePath::kTma);
  EXPECT_EQ(StorePathOf(Sm90With([](auto& c) { c.tile_n = 96; }), needs), StorePath::kStaged);
  needs.d_bytes = 1;
  EXPECT_EQ(StorePathOf(kGoodSm90, needs), StorePath::kStaged);
}

TEST(GemmSm90ConfigTest, MasksAreOfWholeBlocks) {
  EXPECT_TRUE(TileHoldsMask(kGoodSm90));
  EXPECT_FALSE(TileHoldsMask(Sm90With([](auto& c) { c.tile_n = 136; })));
}

// 8-bit elements: boxes of the span that covers the tile best.
TEST(GemmSm90ConfigTest, BytesGoThroughTmaInBoxesThatCoverTheTile) {
  const auto bytes = [](int tile_n) {
    return StoreBoxBytes(Sm90With([&](auto& c) { c.tile_n = tile_n; }), 1);
  };
  EXPECT_EQ(StoreBoxBytes(kGoodSm90, 2), 128);
  EXPECT_EQ(bytes(256), 128);
  EXPECT_EQ(bytes(192), 64);
  EXPECT_EQ(bytes(176), 64);
  EXPECT_EQ(bytes(160), 32);
  EXPECT_EQ(bytes(136), 32);
  EXPECT_EQ(bytes(32), 32);
  EXPECT_TRUE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 32; }), Plain(1)));
  EXPECT_FALSE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 24; }), Plain(1)));
  // Boxes used to begin at multiples of 8 bytes, which is an illegal instruction.
  EXPECT_FALSE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 56; }), Plain(1)));
  EXPECT_TRUE(GoesThroughTma(Sm90With([](auto& c) { c.tile_n = 48; }), Plain(1)));
  const GemmSm90Config swapped = Sm90With([](auto& c) {
    c.swap_ab = 1;
    c.tile_m = 32;
    c.tile_n = 128;
  });
  EXPECT_EQ(StoreBoxBytes(swapped, 1), 64);
  EXPECT_TRUE(GoesThroughTma(swapped, Plain(1)));
}

// An edge of a 128-column block of scales never cuts a group.
TEST(GemmSm90ConfigTest, GroupsOfColumnsHaveOneScale) {
  for (int tile_n = 8; tile_n <= 256; tile_n += 8) {
    const GemmSm90Config config = Sm90With([&](auto& c) { c.tile_n = tile_n; });
    const int group = ColumnGroup(config);
    EXPECT_EQ(ColumnScales(config) * group, tile_n);
    for (int first = 0; first < 16 * tile_n; first += group) {
      EXPECT_EQ(first / kScaleBlock, (first + group - 1) / kScaleBlock) << tile_n;
    }
  }
}

TEST(GemmSm90ConfigTest, ScalesOfBlocksNeedPromotionAndFewGroups) {
  const auto fit = [](int tile_m, int tile_n, int swap_ab) {
    return BlockScalesFit(Sm90With([&](auto& c) {
      c.tile_m = tile_m;
      c.tile_n = tile_n;
      c.swap_ab = swap_ab;
      c.promote = 1;
    }));
  };
  EXPECT_FALSE(BlockScalesFit(kGoodSm90));
  EXPECT_TRUE(fit(128, 128, 0));
  EXPECT_TRUE(fit(128, 192, 0));
  EXPECT_TRUE(fit(128, 112, 0));
  EXPECT_FALSE(fit(128, 152, 0));
  EXPECT_TRUE(fit(64, 256, 1));
  EXPECT_FALSE(fit(72, 256, 1));
}

// Boxes of a transposed tile cover it with few rows too many.
TEST(GemmSm90ConfigTest, TransposedTilesAreStoredInEvenBoxes) {
  const auto rows = [](int tile_m) {
    return StoreBoxRows(Sm90With([&](auto& c) {
                          c.swap_ab = 1;
                          c.tile_m = tile_m;
                        }),
                        false);
  };
  EXPECT_EQ(StoreBoxRows(kGoodSm90, false), 16);
  for (int tile_m = 8; tile_m <= 256; tile_m += 8) {
    EXPECT_LE(rows(tile_m), 64);
    EXPECT_LE(rows(tile_m), tile_m);
    EXPECT_EQ(rows(tile_m) % 8, 0);
    const int covered = (tile_m + rows(tile_m) - 1) / rows(tile_m) * rows(tile_m);
    EXPECT_LE(covered, tile_m + tile_m / 4 + 8) << tile_m;
  }
  EXPECT_EQ(rows(128), 64);
}

TEST(GemmSm90ConfigTest, EachRuleRejectsItsOwnBreach) {
  EXPECT_FALSE(HasConsumers(Sm90With([](auto& c) { c.consumers = 4; })));
  EXPECT_FALSE(HasConsumers(Sm90With([](auto& c) { c.ping_pong = 2; })));
  EXPECT_FALSE(ProductsSuitSums(Sm90With([](auto& c) { c.products = 2; })));
  EXPECT_FALSE(ProductsSuitSums(Sm90With([](auto& c) { c.fp16_sums = 2; })));
  EXPECT_FALSE(ProductsSuitSums(Sm90With([](auto& c) { c.fp16_sums = c.promote = 1; })));
  EXPECT_FALSE(ProductsSuitSums(Sm90With([](auto& c) {
    c.products = 3;
    c.fp16_sums = 1;
  })));
  EXPECT_FALSE(PingPongHasTwo(Sm90With([](auto& c) { c.ping_pong = c.consumers = 1; })));
  EXPECT_FALSE(RowsFillConsumers(Sm90With([](auto& c) { c.tile_m = 64; })));
  EXPECT_FALSE(RowsFillConsumers(Sm90With([](auto& c) { c.tile_m = 320; })));
  EXPECT_FALSE(ColumnsFitWgmma(Sm90With([](auto& c) { c.tile_n = 272; })));
  EXPECT_FALSE(ColumnsFitWgmma(Sm90With([](auto& c) { c.tile_n = 20; })));
  EXPECT_FALSE(StoreHoldsColumns(Sm90With([](auto& c) { c.tile_n = 24; }), StorePath::kStaged));
  EXPECT_TRUE(StoreHoldsColumns(Sm90With([](auto& c) { c.tile_n = 24; }), StorePath::kTma));
  EXPECT_FALSE(HasPipeline(Sm90With([](auto& c) { c.stages = 1; })));
  EXPECT_FALSE(HasCluster(Sm90With([](auto& c) { c.cluster_m = 3; })));
  EXPECT_FALSE(HasCluster(Sm90With([](auto& c) { c.cluster_m = c.cluster_n = 4; })));
  EXPECT_FALSE(SharesKOnce(Sm90With([](auto& c) { c.cluster_k = c.split_k = 2; })));
  EXPECT_FALSE(SharesAreWhole(Sm90With([](auto& c) {
    c.tile_n = 16;
    c.cluster_m = 4;
  })));
  EXPECT_FALSE(SumsFitRegisters(Sm90With([](auto& c) { c.tile_m = 256; }), EpilogueLoad::kPlain,
                                StorePath::kTma, 2));
  EXPECT_FALSE(SumsFitRegisters(Sm90With([](auto& c) {
                                  c.tile_m = 256;
                                  c.tile_n = 192;
                                }),
                                EpilogueLoad::kVector, StorePath::kTma, 2));
  // Rows and columns with scales, and a bias or more beside them: 64 sums.
  EXPECT_FALSE(SumsFitRegisters(kGoodSm90, EpilogueLoad::kScaledVector, StorePath::kTma, 2));
  EXPECT_TRUE(SumsFitRegisters(kGoodSm90, EpilogueLoad::kVector, StorePath::kTma, 2));
  EXPECT_FALSE(SumsFitRegisters(kGoodSm90, EpilogueLoad::kVector, StorePath::kStaged, 2));
  EXPECT_FALSE(InstructionFitsLaunch(Sm90With([](auto& c) { c.consumers = 3; })));
  EXPECT_FALSE(FitsSharedMemoryOfSm90(Sm90With([](auto& c) { c.stages = 5; })));
  EXPECT_FALSE(HasRunTimeValues(Sm90With([](auto& c) { c.raster_along_n = 2; })));
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
