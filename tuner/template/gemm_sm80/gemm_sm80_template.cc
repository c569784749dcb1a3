// The template kernel_templates/gemm/gemm_sm80.cuh: tensor cores through mma.sync, for every GPU
// from 8.0 on. registry.cc declares the one function of this file.
#include <algorithm>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/precision.h"
#include "tuner/template/gemm_sm80/copy_registers.h"
#include "tuner/template/gemm_sm80/parameters.h"
#include "tuner/template/tiled_gemm/run_values.h"
#include "tuner/template/tiled_gemm/tensor_core_precision.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

namespace tilewright {
namespace {

// The sizes of the template that differ enough to be worth a compile.
constexpr int kTiles[] = {16, 32, 64, 96, 128, 192, 256};
constexpr int kWarps[] = {1, 2, 3, 4};
constexpr int kStages[] = {3, 4, 5, 2};
// Bytes of a stage's rows. 32 would need a barrier for each MMA step.
constexpr int kRowBytes[] = {64, 128};
constexpr int kMaxRegisters = 255;
constexpr int kRegistersPerSm = 65536;

int InputBytes(const v1::GemmProblem& gemm) { return StorageBytes(gemm.a_type()); }

int Warps(const GemmSm80Config& c) { return c.warps_m * c.warps_n; }

// The ring of stages, or the staging buffer that reuses it, fits in a block's shared memory:
// max(stages * (tile_m + tile_n) * tile_k * bytes, staging) <= opt-in limit.
bool FitsSharedMemory(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm80Config& c) {
  return SharedMemoryBytes(c, InputBytes(gemm)) <= silicon.max_shared_memory_per_block();
}

// Narrow copies and copies along m or n need registers that RegisterEstimate, and so the template's
// MinBlocksPerSm, does not count: estimate + extra <= 255. If several blocks share an SM, also
// <= 65536 / (threads * blocks) + 30, because small tiles use half of the estimate's 60 address
// registers.
bool FitsCopyRegisters(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  const int share = kRegistersPerSm / (Threads(c) * MinBlocksPerSm(c)) + kAddressRegisters / 2;
  return RegisterEstimate(c) + ExtraCopyRegisters(gemm, c) <= std::min(share, kMaxRegisters);
}

v1::Precision PrecisionOfConfig(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return TensorCorePrecision(gemm.a_type(), {.fp16_sums = c.fp16_sums});
}

// The problem's types or its error budget admit the precision that follows from fp16_sums.
bool PrecisionIsAdmitted(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return Admits(gemm, PrecisionOfConfig(gemm, c));
}

// The next rules depend on the size of an element or of an access, which the problem gives.
bool StageHoldsSteps(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return StageHoldsSteps(c, InputBytes(gemm));
}
bool CopiesFitMask(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return CopiesFitMask(c, InputBytes(gemm));
}
bool HoldsNarrowCopies(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  const v1::Requirements requirements = RequirementsOf(gemm);
  return HoldsNarrowCopies(c, std::min(requirements.a_alignment(), requirements.b_alignment()));
}

// The padding of the staged rows has room for the mask of 128 columns of a warp tile.
bool WarpTileHoldsMask(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return !HasDropout(gemm.epilogue()) || c.tile_n / c.warps_n <= 128;
}

// Lanes that store the same columns are a power of two apart, and slots share no columns: a warp
// tile's columns over those of an access are a power of two or a multiple of 32.
bool WarpSumsColumns(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  if (!gemm.epilogue().bias_gradient()) return true;
  const int width = std::max(RequirementsOf(gemm).d_alignment() / StorageBytes(gemm.d_type()), 1);
  const int accesses = c.tile_n / c.warps_n / width;
  return accesses > 32 ? accesses % 32 == 0 : (accesses & (accesses - 1)) == 0;
}

constexpr Rule<v1::GemmProblem, GemmSm80Config> kRules[] = {
    {"HasSums", HasSums},
    {"PrecisionIsAdmitted", PrecisionIsAdmitted},
    {"TilesAreRound", TilesAreRound},
    {"HasWarps", HasWarps},
    {"WarpTileHoldsBlocks", WarpTileHoldsBlocks},
    {"WarpTileHoldsMask", WarpTileHoldsMask},
    {"WarpSumsColumns", WarpSumsColumns},
    {"StageHoldsSteps", StageHoldsSteps},
    {"HasStages", HasStages},
    {"CopiesFitMask", CopiesFitMask},
    {"FitsRegisters", FitsRegisters},
    {"HoldsNarrowCopies", HoldsNarrowCopies},
    {"FitsCopyRegisters", FitsCopyRegisters},
    {"HasRunTimeValues", HasRunTimeValues},
    {"FitsSharedMemory", FitsSharedMemory},
    {"FitsGrid", FitsGrid<GemmSm80Config>},
    {"SumsColumnsOnce", SumsColumnsOnce<GemmSm80Config>},
    {"SplitsHaveWork", SplitsHaveWork<GemmSm80Config>},
    {"FitsWorkspace", FitsWorkspace<GemmSm80Config>},
};

// The functions below decide which legal configs are worth a try.

// A warp reads (WM + WN) / (WM * WN) elements of shared memory for each operation on its tile. Long
// thin tiles read much more than square ones.
bool WarpTileIsCompact(const GemmSm80Config& c) {
  const int warp_m = c.tile_m / c.warps_m;
  const int warp_n = c.tile_n / c.warps_n;
  return std::max(warp_m, warp_n) <= 4 * std::min(warp_m, warp_n);
}

// A thread has enough accumulators that loads do not outnumber multiplications, as far as the tile
// allows it with the four warps that an SM's schedulers need: 64 for large tiles (32 x 64 for each
// warp), 32 for medium ones (32 x 32).
bool FillsRegisters(const GemmSm80Config& c) {
  const int area = c.tile_m * c.tile_n;
  const int least = area >= 128 * 128 ? 64 : area >= 64 * 64 ? 32 : 1;
  return AccumulatorRegisters(c) >= least;
}

// There is a warp for each of the four schedulers, unless the tile is too small.
bool FillsWarps(const GemmSm80Config& c) {
  if (c.tile_m * c.tile_n < 16 * 64) return Warps(c) == 2;
  return Warps(c) >= 4 && Warps(c) <= 8;
}

bool IsWorthTrying(const GemmSm80Config& c) {
  return WarpTileIsCompact(c) && FillsRegisters(c) && FillsWarps(c);
}

// Returns the warp instructions of a step. ldmatrix.x4 loads 512 bytes, and one mma takes
// 16 x 8 x 32 bytes. A copy takes three instructions with cp.async (4 bytes or more), or ten if
// elements pass through registers.
double WarpInstructions(const v1::GemmProblem& gemm, const v1::Requirements& requirements,
                        const GemmSm80Config& c, double fragment_bytes) {
  const int bytes = InputBytes(gemm);
  const double multiplications =
      static_cast<double>(c.tile_m) * c.tile_n * c.tile_k * bytes / (16 * 8 * 32);
  const auto copies = [&](int tile, int alignment) {
    return (alignment >= kNarrowestAsyncCopy ? 3.0 : 10.0) * tile * c.tile_k * bytes /
           (32.0 * alignment);
  };
  return fragment_bytes / 512 + multiplications + copies(c.tile_m, requirements.a_alignment()) +
         copies(c.tile_n, requirements.b_alignment());
}

TileWork WorkOf(const v1::GemmProblem& gemm, const v1::Requirements& requirements,
                const GemmSm80Config& c) {
  TileWork work = TileWorkOf(c, SharedMemoryBytes(c, InputBytes(gemm)));
  work.stages = c.stages;
  // Each warp reads its rows of A and columns of B. The swizzle avoids bank conflicts.
  const int fragments = c.tile_m / c.warps_m + c.tile_n / c.warps_n;
  work.fragment_bytes = static_cast<double>(Warps(c)) * fragments * c.tile_k * InputBytes(gemm);
  work.warp_instructions = WarpInstructions(gemm, requirements, c, work.fragment_bytes);
  return work;
}

class GemmSm80 : public TiledGemmTemplate<GemmSm80Config> {
 public:
  GemmSm80()
      : TiledGemmTemplate("gemm_sm80", "gemm/gemm_sm80.cuh", GemmSm80Parameters(), "ServesTypes",
                          kRules) {}

 private:
  // Serves bf16, fp16, tf32 and integers, and fp32 that may be multiplied as tf32, from compute
  // capability 8.0 on.
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override {
    if (silicon.compute_capability() < 80) return false;
    switch (MultiplierOf(gemm.a_type())) {
      case Multiplier::kFp32:
        return Admits(gemm, v1::PRECISION_TF32);
      case Multiplier::kTf32:
      case Multiplier::kHalf:
      case Multiplier::kInteger:
        return true;
      case Multiplier::kFp8:
      case Multiplier::kNone:
        break;
    }
    return false;
  }

  std::vector<Config> UnsplitConfigs(const v1::GemmProblem& gemm,
                                     const v1::Silicon& silicon) const override {
    std::vector<Config> configs;
    for (const int tile_m : kTiles) {
      if (!TileSuits(gemm.m(), tile_m)) continue;
      for (const int tile_n : kTiles) {
        if (!TileSuits(gemm.n(), tile_n) || !AreaSuits(gemm, silicon, tile_m, tile_n)) continue;
        for (const int warps_m : kWarps) {
          for (const int warps_n : kWarps) {
            for (const int row_bytes : kRowBytes) {
              for (const int stages : kStages) {
                for (const int fp16_sums : {0, 1}) {
                  const int tile_k = row_bytes / InputBytes(gemm);
                  const Config c{tile_m, tile_n, tile_k, warps_m, warps_n, stages, 1, 1, fp16_sums};
                  if (FirstBroken(kRules, gemm, silicon, c) == nullptr && IsWorthTrying(c)) {
                    AddRuns(gemm, silicon, c, configs);
                  }
                }
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
    return PlanTiledGemm(
        gemm, {c.tile_m, c.tile_n, Threads(c), SharedMemoryBytes(c, InputBytes(gemm)), c.split_k,
               c.raster_group, c.tile_m / c.warps_m, c.split_epilogue != 0});
  }

  double PredictUnsplit(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const Config& c) const override {
    return PredictTiledSeconds(gemm, machine, WorkOf(gemm, RequirementsOf(gemm), c));
  }

  v1::Precision Precision(const v1::GemmProblem& gemm, const Config& c) const override {
    return PrecisionOfConfig(gemm, c);
  }

  GemmInstance Instance(const Config&) const override { return {.template_class = "GemmSm80"}; }
};

}  // namespace

const Template& GemmSm80Template() {
  static const auto& one = *new GemmSm80;
  return one;
}

}  // namespace tilewright
