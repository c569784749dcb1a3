#include "tuner/space/gemm_sm80_space.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/problem/precision.h"
#include "proto/support/errors.h"
#include "tuner/codegen/renderer.h"
#include "tuner/space/config_codec.h"
#include "tuner/space/copy_registers.h"
#include "tuner/space/cost_model.h"
#include "tuner/space/launch_plan.h"
#include "tuner/space/requirements.h"
#include "tuner/space/tile_domain.h"

namespace tilewright {
namespace {

// Of the sizes that the template admits, those that differ enough to be worth a compile.
constexpr int kTiles[] = {16, 32, 64, 96, 128, 192, 256};
constexpr int kWarps[] = {1, 2, 3, 4};
constexpr int kStages[] = {3, 4, 5, 2};
// Rows of a stage in bytes. 32 would spend a barrier on one MMA step.
constexpr int kRowBytes[] = {64, 128};
constexpr int kMaxRegisters = 255;
constexpr int kRegistersPerSm = 65536;

int InputBytes(const v1::GemmProblem& gemm) { return ElementBytes(gemm.a_type()); }

int Warps(const GemmSm80Config& c) { return c.warps_m * c.warps_n; }

// Bytes of the widest access that both A and B admit.
int NarrowestAccess(const v1::GemmProblem& gemm) {
  const int bytes = InputBytes(gemm);
  return std::min(AccessBytes(gemm.lda(), gemm.a_batch_stride(), gemm.batch(), bytes),
                  AccessBytes(gemm.ldb(), gemm.b_batch_stride(), gemm.batch(), bytes));
}

// Ring of stages, or the staging buffer that reuses it, within what a block may have:
// max(stages * (tile_m + tile_n) * tile_k * bytes, staging) <= opt-in limit.
bool FitsSharedMemory(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm80Config& c) {
  return SharedMemoryBytes(c, InputBytes(gemm)) <= silicon.max_shared_memory_per_block();
}

// Copies that are narrow, or along m or n, need registers that RegisterEstimate leaves out, and
// with it the template's MinBlocksPerSm: estimate + extra <= 255, and, where several blocks
// share an SM, <= 65536 / (threads * blocks) + 30, for of the estimate's 60 address registers
// small tiles use half.
bool FitsCopyRegisters(const v1::GemmProblem& gemm, const v1::Silicon&, const GemmSm80Config& c) {
  const int share = kRegistersPerSm / (Threads(c) * MinBlocksPerSm(c)) + kAddressRegisters / 2;
  return RegisterEstimate(c) + ExtraCopyRegisters(gemm, c) <= std::min(share, kMaxRegisters);
}

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return TensorCorePrecision(gemm.a_type(), {.fp16_sums = c.fp16_sums});
}

// Rows of a warp tile's mask have room in the staged rows' padding for 128 columns.
bool WarpTileHoldsMask(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  return !HasDropout(gemm.epilogue()) || c.tile_n / c.warps_n <= 128;
}

// Lanes that store the same columns are a power of two apart, and slots have no columns in common:
// columns of a warp tile over those of an access are a power of two, or a multiple of 32.
bool WarpSumsColumns(const v1::GemmProblem& gemm, const GemmSm80Config& c) {
  if (!gemm.epilogue().bias_gradient()) return true;
  const int width = std::max(RequirementsOf(gemm).d_alignment() / ElementBytes(gemm.d_type()), 1);
  const int accesses = c.tile_n / c.warps_n / width;
  return accesses > 32 ? accesses % 32 == 0 : (accesses & (accesses - 1)) == 0;
}

struct Constraint {
  const char* name;
  bool (*holds)(const v1::GemmProblem&, const v1::Silicon&, const GemmSm80Config&);
};

// In the order that keeps each rule's arithmetic within bounds that those before it set.
constexpr Constraint kConstraints[] = {
    {"PrecisionIsAdmitted",
     [](auto& gemm, auto&, auto& c) { return Admits(gemm, PrecisionOf(gemm, c)); }},
    {"TilesAreRound", [](auto&, auto&, auto& c) { return TilesAreRound(c); }},
    {"HasWarps", [](auto&, auto&, auto& c) { return HasWarps(c); }},
    {"WarpTileHoldsBlocks", [](auto&, auto&, auto& c) { return WarpTileHoldsBlocks(c); }},
    {"WarpTileHoldsMask", [](auto& gemm, auto&, auto& c) { return WarpTileHoldsMask(gemm, c); }},
    {"WarpSumsColumns", [](auto& gemm, auto&, auto& c) { return WarpSumsColumns(gemm, c); }},
    {"StageHoldsSteps",
     [](auto& gemm, auto&, auto& c) { return StageHoldsSteps(c, InputBytes(gemm)); }},
    {"HasStages", [](auto&, auto&, auto& c) { return HasStages(c); }},
    {"CopiesFitMask",
     [](auto& gemm, auto&, auto& c) { return CopiesFitMask(c, InputBytes(gemm)); }},
    {"FitsRegisters", [](auto&, auto&, auto& c) { return FitsRegisters(c); }},
    {"HoldsNarrowCopies",
     [](auto& gemm, auto&, auto& c) { return HoldsNarrowCopies(c, NarrowestAccess(gemm)); }},
    {"FitsCopyRegisters", FitsCopyRegisters},
    {"HasRunTimeValues", [](auto&, auto&, auto& c) { return HasRunTimeValues(c); }},
    {"FitsSharedMemory", FitsSharedMemory},
    {"FitsGrid",
     [](auto& gemm, auto&, auto& c) { return FitsGrid(gemm, c.tile_m, c.tile_n, c.split_k); }},
    {"SumsColumnsOnce",
     [](auto& gemm, auto&, auto& c) { return SumsColumnsOnce(gemm, c.split_k); }},
    {"SplitsHaveWork",
     [](auto& gemm, auto&, auto& c) { return SplitsHaveWork(gemm, c.tile_k, c.split_k); }},
    {"FitsWorkspace",
     [](auto& gemm, auto& silicon, auto& c) { return FitsWorkspace(gemm, silicon, c.split_k); }},
};

const char* FirstBroken(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                        const GemmSm80Config& c) {
  if (c.split_epilogue != 0) {
    return FirstBrokenOfSplit(gemm, c,
                              [&](const v1::GemmProblem& first, const GemmSm80Config& config) {
                                return FirstBroken(first, silicon, config);
                              });
  }
  for (const Constraint& constraint : kConstraints) {
    if (!constraint.holds(gemm, silicon, c)) return constraint.name;
  }
  return nullptr;
}

// What follows is no matter of legality but of what is worth a try.

// A warp tile is read from shared memory with (WM + WN) / (WM * WN) elements an operation:
// long thin ones read much more than square ones.
bool WarpTileIsCompact(const GemmSm80Config& c) {
  const int warp_m = c.tile_m / c.warps_m;
  const int warp_n = c.tile_n / c.warps_n;
  return std::max(warp_m, warp_n) <= 4 * std::min(warp_m, warp_n);
}

// Enough accumulators to a thread that loads do not outnumber multiplications, as far as the
// tile allows with the four warps that an SM's schedulers need: large tiles 64 (32 x 64 a
// warp), middling ones 32 (32 x 32).
bool FillsRegisters(const GemmSm80Config& c) {
  const int area = c.tile_m * c.tile_n;
  const int least = area >= 128 * 128 ? 64 : area >= 64 * 64 ? 32 : 1;
  return AccumulatorRegisters(c) >= least;
}

// A warp for each of the four schedulers, unless the tile is too small for them.
bool FillsWarps(const GemmSm80Config& c) {
  if (c.tile_m * c.tile_n < 16 * 64) return Warps(c) == 2;
  return Warps(c) >= 4 && Warps(c) <= 8;
}

bool IsWorthTrying(const GemmSm80Config& c) {
  return WarpTileIsCompact(c) && FillsRegisters(c) && FillsWarps(c);
}

// Calls `visit` with every legal config worth trying whose split_k and raster_group are 1.
template <typename Visit>
void ForEachKernel(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const Visit& visit) {
  for (const int tile_m : kTiles) {
    if (!TileSuits(gemm.m(), tile_m)) continue;
    for (const int tile_n : kTiles) {
      if (!TileSuits(gemm.n(), tile_n) || !AreaSuits(gemm, silicon, tile_m, tile_n)) continue;
      for (const int warps_m : kWarps) {
        for (const int warps_n : kWarps) {
          for (const int row_bytes : kRowBytes) {
            for (const int stages : kStages) {
              for (const int fp16_sums : {0, 1}) {
                const GemmSm80Config c{.tile_m = tile_m,
                                       .tile_n = tile_n,
                                       .tile_k = row_bytes / InputBytes(gemm),
                                       .warps_m = warps_m,
                                       .warps_n = warps_n,
                                       .stages = stages,
                                       .split_k = 1,
                                       .raster_group = 1,
                                       .fp16_sums = fp16_sums};
                if (FirstBroken(gemm, silicon, c) == nullptr && IsWorthTrying(c)) visit(c);
              }
            }
          }
        }
      }
    }
  }
}

// Warp instructions of a step: ldmatrix.x4 brings 512 bytes, one mma takes 16 x 8 x 32 bytes;
// a copy takes three instructions with cp.async (4 bytes or more), ten where elements go
// through registers.
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
  TileWork work;
  work.tile_m = c.tile_m;
  work.tile_n = c.tile_n;
  work.tile_k = c.tile_k;
  work.threads = Threads(c);
  work.shared_memory_bytes = SharedMemoryBytes(c, InputBytes(gemm));
  work.registers_per_thread = RegisterEstimate(c);
  work.stages = c.stages;
  work.split_k = c.split_k;
  work.raster_group = c.raster_group;
  // Each warp reads its rows of A and columns of B, free of bank conflicts by the swizzle.
  work.fragment_bytes = static_cast<double>(Warps(c)) *
                        (c.tile_m / c.warps_m + c.tile_n / c.warps_n) * c.tile_k * InputBytes(gemm);
  work.warp_instructions = WarpInstructions(gemm, requirements, c, work.fragment_bytes);
  return work;
}

}  // namespace

bool GemmSm80Space::Supports(const v1::Problem& problem, const v1::Silicon& silicon) const {
  if (!problem.has_gemm() || silicon.compute_capability() < 80) return false;
  switch (problem.gemm().a_type()) {
    case v1::DATA_TYPE_FP32:
      return Admits(problem.gemm(), v1::PRECISION_TF32);
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
    case v1::DATA_TYPE_INT8:
      return true;
    default:
      return false;
  }
}

std::vector<v1::Config> GemmSm80Space::Enumerate(const v1::Problem& problem,
                                                 const v1::Silicon& silicon) const {
  std::vector<v1::Config> configs;
  if (!Supports(problem, silicon)) return configs;
  const v1::GemmProblem& gemm = problem.gemm();
  const auto add = [&](const v1::GemmProblem& of_kernel, int split_epilogue) {
    ForEachKernel(of_kernel, silicon, [&](GemmSm80Config c) {
      c.split_epilogue = split_epilogue;
      for (const int split : SplitsToTry(gemm, silicon, c.tile_m, c.tile_n, c.tile_k)) {
        if (split > 1 && split_epilogue) break;
        for (const int group : RasterGroupsToTry(gemm, silicon, c.tile_m, c.tile_n, split)) {
          c.split_k = split;
          c.raster_group = group;
          configs.push_back(EncodeConfig(c, kGemmSm80Parameters));
        }
      }
    });
  };
  add(gemm, 0);
  if (SplitsEpilogueAlone(gemm, /*split_k=*/1)) add(GemmOfSplit(gemm), 1);
  return configs;
}

std::optional<std::string> GemmSm80Space::BrokenConstraint(const v1::Problem& problem,
                                                           const v1::Silicon& silicon,
                                                           const v1::Config& config) const {
  if (!Supports(problem, silicon)) return "ServesTypes";
  const auto decoded = DecodeConfig(config, kGemmSm80Parameters);
  if (!decoded) return "HasParameters";
  const char* broken = FirstBroken(problem.gemm(), silicon, *decoded);
  return broken == nullptr ? std::nullopt : std::optional<std::string>(broken);
}

absl::StatusOr<v1::LaunchPlan> GemmSm80Space::PlanFor(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const {
  if (const auto broken = BrokenConstraint(problem, silicon, config)) {
    return InvalidField("config", "ILLEGAL_CONFIG", absl::StrCat("breaks ", *broken));
  }
  const GemmSm80Config c = *DecodeConfig(config, kGemmSm80Parameters);
  return PlanTiledGemm(
      problem.gemm(),
      {c.tile_m, c.tile_n, Threads(c), SharedMemoryBytes(c, InputBytes(problem.gemm())), c.split_k,
       c.raster_group, c.tile_m / c.warps_m, c.split_epilogue != 0});
}

double GemmSm80Space::PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                     const v1::Config& config) const {
  if (BrokenConstraint(problem, silicon, config)) return std::numeric_limits<double>::infinity();
  const v1::GemmProblem& gemm = problem.gemm();
  const GemmSm80Config c = *DecodeConfig(config, kGemmSm80Parameters);
  const MachineModel machine = MachineFor(silicon, gemm, PrecisionOf(gemm, c));
  const TileWork work = WorkOf(gemm, RequirementsOf(gemm), c);
  if (!c.split_epilogue) return PredictTiledSeconds(gemm, machine, work);
  return PredictTiledSeconds(GemmOfSplit(gemm), machine, work) +
         SplitEpilogueSeconds(gemm, machine);
}

}  // namespace tilewright
