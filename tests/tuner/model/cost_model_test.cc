#include "tuner/model/cost_model.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/tuner/template/template_testing.h"
#include "tuner/model/machine_model.h"

namespace tilewright {
namespace {

double Predict(const std::string& fields, const Parameters& config,
               const std::string& target = "h100-sxm") {
  return TemplateNamed("gemm_sm80")
      .PredictSeconds(GemmOf(fields), Profile(target), ConfigOf(config));
}

Parameters Square128() {
  return {{"raster_group", 8}, {"split_k", 1},       {"stages", 4},  {"tile_k", 32},
          {"tile_m", 128},     {"tile_n", 128},      {"warps_m", 2}, {"warps_n", 2},
          {"fp16_sums", 0},    {"split_epilogue", 0}};
}

constexpr char kSquare[] = "m: 4096 n: 4096 k: 4096";

TEST(CostModelTest, StaysAboveTheRoofline) {
  for (const char* target : {"h100-sxm", "a100-sxm-80", "l40s", "rtx-4090", "l4"}) {
    for (const char* fields :
         {kSquare, "m: 16 n: 28672 k: 4096", "m: 1 n: 1 k: 1", "m: 8192 n: 50257 k: 768",
          "m: 4096 n: 4096 k: 4096 a_type: DATA_TYPE_INT8",
          "m: 4096 n: 4096 k: 4096 a_type: DATA_TYPE_FP32"}) {
      const v1::Problem problem = GemmOf(fields);
      const v1::Silicon silicon = Profile(target);
      EXPECT_GT(RankVariants(problem, silicon).front().predicted_seconds,
                RooflineSeconds(problem, silicon))
          << target << " " << fields;
    }
  }
}

// mma.sync kernels reach 0.4 to 0.66 of Hopper's dense peak on large squares, 0.6 to 0.9 of
// Ampere's.
TEST(CostModelTest, IsOfTheRightOrderOnLargeSquares) {
  const v1::Problem problem = GemmOf("m: 8192 n: 8192 k: 8192");
  const auto share = [&](const char* target) {
    const v1::Silicon silicon = Profile(target);
    return RooflineSeconds(problem, silicon) /
           RankVariants(problem, silicon).front().predicted_seconds;
  };
  EXPECT_GT(share("h100-sxm"), 0.40);
  EXPECT_LT(share("h100-sxm"), 0.66);
  EXPECT_GT(share("a100-sxm-80"), 0.60);
  EXPECT_LT(share("a100-sxm-80"), 0.90);
}

TEST(CostModelTest, SmallWarpTilesReadMoreSharedMemory) {
  Parameters narrow = Square128();
  narrow["warps_m"] = 4;
  EXPECT_LT(Predict(kSquare, Square128()), Predict(kSquare, narrow));
}

TEST(CostModelTest, TwoStagesHideLessLatencyThanFour) {
  EXPECT_LT(Predict(kSquare, Square128()), Predict(kSquare, With(Square128(), "stages", 2)));
}

// 11 x 12 tiles are one for each of 132 SMs; 11 x 13 take a second wave.
TEST(CostModelTest, ATileBeyondAWaveCostsAWave) {
  Parameters large = Square128();
  large["tile_n"] = 256;
  large["warps_n"] = 4;  // One block an SM.
  const double full = Predict("m: 1408 n: 3072 k: 8192", large);
  const double beyond = Predict("m: 1408 n: 3073 k: 8192", large);
  EXPECT_GT(beyond, 1.8 * full);
}

TEST(CostModelTest, SplittingHelpsWhereFewTilesHaveALongWay) {
  Parameters config = PlainSm80();
  const char* fields = "m: 128 n: 128 k: 32768";
  EXPECT_LT(Predict(fields, With(config, "split_k", 8)), 0.5 * Predict(fields, config));
}

TEST(CostModelTest, SplittingHurtsWhereTheGridIsFull) {
  EXPECT_LT(Predict(kSquare, Square128()), Predict(kSquare, With(Square128(), "split_k", 4)));
}

TEST(CostModelTest, NarrowAccessesCost) {
  Parameters config = PlainSm80();
  EXPECT_LT(Predict("m: 4096 n: 4096 k: 4096", config),
            0.95 * Predict("m: 4096 n: 4096 k: 4095", config));
}

TEST(CostModelTest, AnEpilogueWithMoreOperandsCostsMore) {
  const char* fields = "m: 16384 n: 4096 k: 64";
  EXPECT_LT(Predict(fields, Square128()),
            Predict(std::string(fields) + " epilogue { source_mode: SOURCE_MODE_RESIDUAL "
                                          "aux_type: DATA_TYPE_FP32 }",
                    Square128()));
}

// Random bits cost instructions, in the GEMM and where k is split in the reduction.
TEST(CostModelTest, RandomBitsCost) {
  const auto with = [](const std::string& epilogue) {
    return "m: 4096 n: 4096 k: 4096 epilogue { " + epilogue + " }";
  };
  const std::string none = with("activation: ACTIVATION_GELU_ERF");
  const std::string seven =
      with("activation: ACTIVATION_GELU_ERF dropout { probability: 0.5 philox_rounds: 7 }");
  const std::string ten =
      with("activation: ACTIVATION_GELU_ERF dropout { probability: 0.5 philox_rounds: 10 }");
  for (const int split_k : {1, 2}) {
    const Parameters config = With(Square128(), "split_k", split_k);
    EXPECT_LT(Predict(none, config), Predict(seven, config));
    EXPECT_LT(Predict(seven, config), Predict(ten, config));
    EXPECT_LT(Predict(with("dropout { probability: 0.5 }"), config),
              Predict(with("dropout { probability: 0.5 } rounding_mode: ROUNDING_MODE_STOCHASTIC"),
                      config));
  }
  const auto on_hopper = [](const std::string& fields, const Parameters& config) {
    return TemplateNamed("gemm_sm90")
        .PredictSeconds(GemmOf(fields), Profile("h100-sxm"), ConfigOf(config));
  };
  const Parameters ping_pong = With(PlainSm90(), "ping_pong", 1);
  EXPECT_LT(on_hopper(none, ping_pong), on_hopper(seven, ping_pong));
  EXPECT_LT(on_hopper(seven, ping_pong), on_hopper(ten, ping_pong));
}

// A split epilogue costs a way to memory and back, whatever k is.
TEST(CostModelTest, ASplitEpilogueCostsItsBytes) {
  const auto costs = [](int64_t k) {
    const std::string fields =
        "m: 16384 n: 4096 k: " + std::to_string(k) + " epilogue { dropout { probability: 0.5 } }";
    return Predict(fields, With(Square128(), "split_epilogue", 1)) -
           Predict("m: 16384 n: 4096 k: " + std::to_string(k), Square128());
  };
  // Two bytes read and two written for each element, at 3.35 TB/s.
  const double bytes = 4.0 * 16384 * 4096;
  EXPECT_GT(costs(64), bytes / 3.35e12);
  EXPECT_LT(costs(64), 1.5 * bytes / 3.35e12);
  EXPECT_NEAR(costs(64), costs(8192), 1e-9);
}

TEST(CostModelTest, ScalesOfBlocksAndTransposedBytesCost) {
  const auto predict = [](const std::string& fields, const Parameters& config) {
    return TemplateNamed("gemm_sm90")
        .PredictSeconds(GemmOf(fields), Profile("h100-sxm"), ConfigOf(config));
  };
  const std::string fp8 = "m: 8192 n: 8192 k: 2048 a_type: DATA_TYPE_E4M3 ";
  const Parameters promoting = With(PlainSm90(), "promote", 1);
  const double promoted =
      predict(fp8 + "d_type: DATA_TYPE_BF16 numerics { promote_accumulation: true }", promoting);
  const double scaled =
      predict(fp8 + "d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128", promoting);
  EXPECT_GT(scaled, promoted);
  EXPECT_LT(scaled, 1.2 * promoted);
  EXPECT_GT(predict(fp8, With(PlainSm90(), "swap_ab", 1)), predict(fp8, PlainSm90()));
}

TEST(CostModelTest, TimeGrowsWithTheProblem) {
  double before = 0;
  for (const char* fields : {"m: 256 n: 256 k: 256", "m: 1024 n: 1024 k: 1024", kSquare,
                             "m: 8192 n: 8192 k: 8192", "m: 8192 n: 8192 k: 8192 batch: 4"}) {
    EXPECT_GT(Predict(fields, Square128()), before) << fields;
    before = Predict(fields, Square128());
  }
}

TileWork WorkOf(int threads, int registers, int shared) {
  TileWork work;
  work.tile_m = work.tile_n = 128;
  work.tile_k = 32;
  work.threads = threads;
  work.registers_per_thread = registers;
  work.shared_memory_bytes = shared;
  return work;
}

TEST(ResidentBlocksTest, TheScarcestResourceDecides) {
  const v1::Problem problem = GemmOf(kSquare);
  const MachineModel machine = MachineFor(Profile("h100-sxm"), problem.gemm(), v1::PRECISION_FP32);
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(128, 128, 1024)), 4);         // Registers.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(128, 121, 1024)), 4);         // In units of 8.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(128, 32, 74 * 1024)), 3);     // Shared memory.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(128, 32, 76 * 1024)), 2);     // With 1 KiB each.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(512, 16, 1024)), 4);          // Threads.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(32, 16, 128)), 32);           // Blocks.
  EXPECT_EQ(ResidentBlocks(machine, WorkOf(1024, 255, 227 * 1024)), 1);  // Never none.
}

double OperandBytes(const std::string& fields, int raster_group) {
  const v1::Problem problem = GemmOf(fields);
  const MachineModel machine = MachineFor(Profile("h100-sxm"), problem.gemm(), v1::PRECISION_FP32);
  TileWork work = WorkOf(256, 255, 1024);
  work.tile_n = 256;
  work.raster_group = raster_group;
  return OperandDramBytes(problem.gemm(), machine, work, 1);
}

TEST(OperandDramBytesTest, WhatFitsInL2IsReadOnce) {
  EXPECT_EQ(OperandBytes("m: 2048 n: 2048 k: 2048", 1), 2 * 2048.0 * 2048 * 2);
}

TEST(OperandDramBytesTest, NeverLessThanOnce) {
  for (const int group : {1, 4, 16}) {
    EXPECT_GE(OperandBytes("m: 65536 n: 512 k: 8192", group), (65536.0 + 512) * 8192 * 2);
    EXPECT_GE(OperandBytes("m: 512 n: 65536 k: 8192", group), (65536.0 + 512) * 8192 * 2);
  }
}

TEST(OperandDramBytesTest, GroupsShareMore) {
  EXPECT_LT(OperandBytes("m: 16384 n: 16384 k: 16384", 8),
            OperandBytes("m: 16384 n: 16384 k: 16384", 1));
}

}  // namespace
}  // namespace tilewright
