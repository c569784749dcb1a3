// The template kernel_templates/gemm/gemm_simt.cuh: fp32 on CUDA cores, for every GPU from 8.0 on.
// registry.cc declares the one function of this file.
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/precision.h"
#include "tuner/template/gemm_simt/parameters.h"
#include "tuner/template/tiled_gemm/run_values.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

namespace tilewright {
namespace {

constexpr int kTiles[] = {16, 32, 64, 128, 256};
constexpr int kDepths[] = {8, 16, 32};
constexpr int kThreadTiles[] = {4, 8, 16};
constexpr int kElementBytes = 4;

// Two stages of padded rows: 2 * tile_k * (tile_m + tile_n + 8) * 4 <= opt-in limit.
bool FitsSharedMemory(const v1::GemmProblem&, const v1::Silicon& silicon, const GemmSimtConfig& c) {
  return SharedMemoryBytes(c) <= silicon.max_shared_memory_per_block();
}

// Neighbouring lanes together hold the 16 columns of a word of the mask.
bool LanesHoldMaskWords(const v1::GemmProblem& gemm, const GemmSimtConfig& c) {
  return !StoresMask(gemm.epilogue()) || c.split_k > 1 || c.tile_n / c.thread_n % 4 == 0;
}

constexpr Rule<v1::GemmProblem, GemmSimtConfig> kRules[] = {
    {"ThreadTileHoldsVectors", ThreadTileHoldsVectors},
    {"TileHoldsThreads", TileHoldsThreads},
    {"HasThreads", HasThreads},
    {"LanesHoldMaskWords", LanesHoldMaskWords},
    {"StageHoldsVectors", StageHoldsVectors},
    {"CopiesDivide", CopiesDivide},
    {"FitsRegisters", FitsRegisters},
    {"HasRunTimeValues", HasRunTimeValues},
    {"FitsSharedMemory", FitsSharedMemory},
    {"FitsGrid", FitsGrid<GemmSimtConfig>},
    {"SumsColumnsOnce", SumsColumnsOnce<GemmSimtConfig>},
    {"SplitsHaveWork", SplitsHaveWork<GemmSimtConfig>},
    {"FitsWorkspace", FitsWorkspace<GemmSimtConfig>},
};

// The functions below decide which legal configs are worth a try.

// Tiles of 64 x 64 and up have at least two warps, one to compute while the other loads. Smaller
// ones have at most four, because a thread computes at least 4 x 4 elements.
bool FillsWarps(const GemmSimtConfig& c) {
  return c.tile_m * c.tile_n < 64 * 64 ? Threads(c) <= 128 : Threads(c) >= 64;
}

// There are enough accumulators that multiplications outnumber loads, if the tile allows it.
bool FillsRegisters(const GemmSimtConfig& c) {
  return c.tile_m * c.tile_n < 128 * 128 || AccumulatorRegisters(c) >= 32;
}

TileWork WorkOf(const v1::Requirements& requirements, const MachineModel& machine,
                const GemmSimtConfig& c) {
  TileWork work = TileWorkOf(c, SharedMemoryBytes(c));
  const double warps = Threads(c) / 32.0;
  // For each k a thread reads thread_m + thread_n elements in 16-byte loads. Threads of a row or a
  // column read the same address, so that a load of 512 bytes moves at most 256.
  const double loads = warps * c.tile_k * (c.thread_m + c.thread_n) / 4.0;
  work.fragment_bytes = loads * 256;
  // Multiply-adds are warp instructions too. On 8.0 they take two cycles each.
  const double multiply_adds =
      warps * c.tile_k * c.thread_m * c.thread_n * (128 / machine.fp32_lanes);
  // A copy is a load, a predicate and four stores into the transposed stage.
  const auto copies = [&](int tile, int alignment) {
    return 6.0 * tile * c.tile_k * kElementBytes / (32.0 * alignment);
  };
  work.warp_instructions = multiply_adds + loads + copies(c.tile_m, requirements.a_alignment()) +
                           copies(c.tile_n, requirements.b_alignment());
  return work;
}

class GemmSimt : public TiledGemmTemplate<GemmSimtConfig> {
 public:
  GemmSimt()
      : TiledGemmTemplate("gemm_simt", "gemm/gemm_simt.cuh", GemmSimtParameters(), "ServesTypes",
                          kRules) {}

 private:
  // Serves fp32 inputs whose products and sums may be fp32, from compute capability 8.0 on.
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override {
    return gemm.a_type() == v1::DATA_TYPE_FP32 && silicon.compute_capability() >= 80 &&
           Admits(gemm, v1::PRECISION_FP32);
  }

  std::vector<Config> UnsplitConfigs(const v1::GemmProblem& gemm,
                                     const v1::Silicon& silicon) const override {
    std::vector<Config> configs;
    for (const int tile_m : kTiles) {
      if (!TileSuits(gemm.m(), tile_m)) continue;
      for (const int tile_n : kTiles) {
        if (!TileSuits(gemm.n(), tile_n) || !AreaSuits(gemm, silicon, tile_m, tile_n)) continue;
        for (const int tile_k : kDepths) {
          for (const int thread_m : kThreadTiles) {
            for (const int thread_n : kThreadTiles) {
              const Config c{tile_m, tile_n, tile_k, thread_m, thread_n, 1, 1};
              if (FirstBroken(kRules, gemm, silicon, c) == nullptr && FillsWarps(c) &&
                  FillsRegisters(c)) {
                AddRuns(gemm, silicon, c, configs);
              }
            }
          }
        }
      }
    }
    return configs;
  }

  v1::LaunchPlan Plan(const v1::GemmProblem& gemm, const v1::Silicon&,
                      const Config& c) const override {
    return PlanTiledGemm(gemm, {c.tile_m, c.tile_n, Threads(c), SharedMemoryBytes(c), c.split_k,
                                c.raster_group, c.tile_m});
  }

  double PredictUnsplit(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const Config& c) const override {
    return PredictTiledSeconds(gemm, machine, WorkOf(RequirementsOf(gemm), machine, c));
  }

  v1::Precision Precision(const v1::GemmProblem&, const Config&) const override {
    return v1::PRECISION_FP32;
  }

  GemmInstance Instance(const Config&) const override { return {.template_class = "GemmSimt"}; }
};

}  // namespace

const Template& GemmSimtTemplate() {
  static const auto& one = *new GemmSimt;
  return one;
}

}  // namespace tilewright
