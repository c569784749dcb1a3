#include "tuner/space/gemm_simt_space.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/precision.h"
#include "proto/support/errors.h"
#include "tuner/space/config_codec.h"
#include "tuner/space/cost_model.h"
#include "tuner/space/launch_plan.h"
#include "tuner/space/requirements.h"
#include "tuner/space/tile_domain.h"

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

// Neighbouring lanes have the 16 columns of a word of the mask between them.
bool LanesHoldMaskWords(const v1::GemmProblem& gemm, const GemmSimtConfig& c) {
  return !StoresMask(gemm.epilogue()) || c.split_k > 1 || c.tile_n / c.thread_n % 4 == 0;
}

struct Constraint {
  const char* name;
  bool (*holds)(const v1::GemmProblem&, const v1::Silicon&, const GemmSimtConfig&);
};

// In the order that keeps each rule's arithmetic within bounds that those before it set.
constexpr Constraint kConstraints[] = {
    {"ThreadTileHoldsVectors", [](auto&, auto&, auto& c) { return ThreadTileHoldsVectors(c); }},
    {"TileHoldsThreads", [](auto&, auto&, auto& c) { return TileHoldsThreads(c); }},
    {"HasThreads", [](auto&, auto&, auto& c) { return HasThreads(c); }},
    {"LanesHoldMaskWords", [](auto& gemm, auto&, auto& c) { return LanesHoldMaskWords(gemm, c); }},
    {"StageHoldsVectors", [](auto&, auto&, auto& c) { return StageHoldsVectors(c); }},
    {"CopiesDivide", [](auto&, auto&, auto& c) { return CopiesDivide(c); }},
    {"FitsRegisters", [](auto&, auto&, auto& c) { return FitsRegisters(c); }},
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
                        const GemmSimtConfig& c) {
  for (const Constraint& constraint : kConstraints) {
    if (!constraint.holds(gemm, silicon, c)) return constraint.name;
  }
  return nullptr;
}

// What follows is no matter of legality but of what is worth a try.

// Tiles of 64 x 64 and up have two warps or more, one to compute while the other loads.
// Smaller ones have four at most: a thread computes 4 x 4 elements or more.
bool FillsWarps(const GemmSimtConfig& c) {
  return c.tile_m * c.tile_n < 64 * 64 ? Threads(c) <= 128 : Threads(c) >= 64;
}

// Accumulators enough that multiplications outnumber loads, where the tile gives them.
bool FillsRegisters(const GemmSimtConfig& c) {
  return c.tile_m * c.tile_n < 128 * 128 || AccumulatorRegisters(c) >= 32;
}

// Calls `visit` with every legal config worth trying whose split_k and raster_group are 1.
template <typename Visit>
void ForEachKernel(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const Visit& visit) {
  for (const int tile_m : kTiles) {
    if (!TileSuits(gemm.m(), tile_m)) continue;
    for (const int tile_n : kTiles) {
      if (!TileSuits(gemm.n(), tile_n) || !AreaSuits(gemm, silicon, tile_m, tile_n)) continue;
      for (const int tile_k : kDepths) {
        for (const int thread_m : kThreadTiles) {
          for (const int thread_n : kThreadTiles) {
            const GemmSimtConfig c{tile_m, tile_n, tile_k, thread_m, thread_n, 1, 1};
            if (FirstBroken(gemm, silicon, c) == nullptr && FillsWarps(c) && FillsRegisters(c)) {
              visit(c);
            }
          }
        }
      }
    }
  }
}

TileWork WorkOf(const v1::GemmProblem& gemm, const v1::Requirements& requirements,
                const MachineModel& machine, const GemmSimtConfig& c) {
  TileWork work;
  work.tile_m = c.tile_m;
  work.tile_n = c.tile_n;
  work.tile_k = c.tile_k;
  work.threads = Threads(c);
  work.shared_memory_bytes = SharedMemoryBytes(c);
  work.registers_per_thread = RegisterEstimate(c);
  work.split_k = c.split_k;
  work.raster_group = c.raster_group;
  const double warps = Threads(c) / 32.0;
  // For each k a thread reads thread_m + thread_n elements in 16-byte loads. Lanes of a row or
  // column of threads read the same address, so that a load of 512 bytes moves 256 at most.
  const double loads = warps * c.tile_k * (c.thread_m + c.thread_n) / 4.0;
  work.fragment_bytes = loads * 256;
  // Multiply-adds are warp instructions too; on 8.0 they take two cycles each.
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

}  // namespace

bool GemmSimtSpace::Supports(const v1::Problem& problem, const v1::Silicon& silicon) const {
  return problem.gemm().a_type() == v1::DATA_TYPE_FP32 && silicon.compute_capability() >= 80 &&
         Admits(problem.gemm(), v1::PRECISION_FP32);
}

std::vector<v1::Config> GemmSimtSpace::Enumerate(const v1::Problem& problem,
                                                 const v1::Silicon& silicon) const {
  std::vector<v1::Config> configs;
  if (!Supports(problem, silicon)) return configs;
  const v1::GemmProblem& gemm = problem.gemm();
  ForEachKernel(gemm, silicon, [&](GemmSimtConfig c) {
    for (const int split : SplitsToTry(gemm, silicon, c.tile_m, c.tile_n, c.tile_k)) {
      for (const int group : RasterGroupsToTry(gemm, silicon, c.tile_m, c.tile_n, split)) {
        c.split_k = split;
        c.raster_group = group;
        configs.push_back(EncodeConfig(c, kGemmSimtParameters));
      }
    }
  });
  return configs;
}

std::optional<std::string> GemmSimtSpace::BrokenConstraint(const v1::Problem& problem,
                                                           const v1::Silicon& silicon,
                                                           const v1::Config& config) const {
  if (!Supports(problem, silicon)) return "ServesTypes";
  const auto decoded = DecodeConfig(config, kGemmSimtParameters);
  if (!decoded) return "HasParameters";
  const char* broken = FirstBroken(problem.gemm(), silicon, *decoded);
  return broken == nullptr ? std::nullopt : std::optional<std::string>(broken);
}

absl::StatusOr<v1::LaunchPlan> GemmSimtSpace::PlanFor(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const {
  if (const auto broken = BrokenConstraint(problem, silicon, config)) {
    return InvalidField("config", "ILLEGAL_CONFIG", absl::StrCat("breaks ", *broken));
  }
  const GemmSimtConfig c = *DecodeConfig(config, kGemmSimtParameters);
  return PlanTiledGemm(problem.gemm(), {c.tile_m, c.tile_n, Threads(c), SharedMemoryBytes(c),
                                        c.split_k, c.raster_group, c.tile_m});
}

double GemmSimtSpace::PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                     const v1::Config& config) const {
  if (BrokenConstraint(problem, silicon, config)) return std::numeric_limits<double>::infinity();
  const v1::GemmProblem& gemm = problem.gemm();
  const MachineModel machine = MachineFor(silicon, gemm, v1::PRECISION_FP32);
  return PredictTiledSeconds(
      gemm, machine,
      WorkOf(gemm, RequirementsOf(gemm), machine, *DecodeConfig(config, kGemmSimtParameters)));
}

}  // namespace tilewright
