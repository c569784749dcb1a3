#include "tuner/space/gemm_sm90_space.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernel_templates/abi/gemm_sm90_config.h"
#include "proto/support/errors.h"
#include "tuner/codegen/renderer.h"
#include "tuner/space/config_codec.h"
#include "tuner/space/launch_plan.h"
#include "tuner/space/requirements.h"
#include "tuner/space/tile_domain.h"
#include "tuner/space/warpgroup_model.h"

namespace tilewright {
namespace {

constexpr int kCapability = 90;
// Rows that TMA reads and writes begin at multiples of it.
constexpr int kTmaAlignment = 16;

int InputBytes(const v1::GemmProblem& gemm) { return ElementBytes(gemm.a_type()); }

bool AIsKMajor(const v1::GemmProblem& gemm) {
  return gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL;
}
bool BIsKMajor(const v1::GemmProblem& gemm) {
  return gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
}

int TileK(const v1::GemmProblem& gemm) { return kStageRowBytes / InputBytes(gemm); }

// Rows of a swizzle span of an operand that is contiguous along m or n: 32, 64 or 128 bytes that
// divide the tile.
bool SpansFitTiles(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const int bytes = InputBytes(gemm);
  return (AIsKMajor(gemm) || Sm90RowBytes(c.tile_m, bytes) > 0) &&
         (BIsKMajor(gemm) || Sm90RowBytes(c.tile_n, bytes) > 0);
}

EpilogueLoad LoadOf(const v1::GemmProblem& gemm) {
  const v1::Epilogue& epilogue = gemm.epilogue();
  if (epilogue.source_mode() > v1::SOURCE_MODE_NONE ||
      epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED) {
    return EpilogueLoad::kTensors;
  }
  const bool has_vectors = epilogue.bias_mode() > v1::BIAS_MODE_NONE ||
                           epilogue.activation() > v1::ACTIVATION_NONE || epilogue.amax() ||
                           epilogue.non_finite_flag() ||
                           epilogue.rounding_mode() == v1::ROUNDING_MODE_STOCHASTIC;
  return has_vectors ? EpilogueLoad::kVector : EpilogueLoad::kPlain;
}

bool UsesTmaStores(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const bool plain = LoadOf(gemm) != EpilogueLoad::kTensors &&
                     gemm.epilogue().rounding_mode() != v1::ROUNDING_MODE_STOCHASTIC;
  return StoresThroughTma(c, ElementBytes(gemm.d_type()), RequirementsOf(gemm).d_alignment(),
                          plain);
}

// wgmma on int8 takes 8, 16, 24 and from there on multiples of 16 columns.
bool IntegersHaveSteps(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return gemm.a_type() != v1::DATA_TYPE_INT8 || CoreColumns(c) <= 24 || CoreColumns(c) % 16 == 0;
}

// Sums of fp8 products are promoted where the problem asks for it, and those of no other type.
bool SumsAsAsked(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return gemm.numerics().promote_accumulation() == (c.promote != 0);
}

// Sums and what the epilogue holds; where k is split the epilogue is another kernel's.
bool EpilogueFitsRegisters(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const EpilogueLoad load = c.split_k > 1 ? EpilogueLoad::kPlain : LoadOf(gemm);
  return SumsFitRegisters(c, load, UsesTmaStores(gemm, c));
}

// Places of all batches, and a step of the walk beyond them, are unsigned 32-bit numbers:
// ceil(m / tile_m) * ceil(n / tile_n) * batch < 2^31.
bool FitsWalk(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return CeilDivide(gemm.m(), c.tile_m) * CeilDivide(gemm.n(), c.tile_n) <=
         std::numeric_limits<int32_t>::max() / gemm.batch();
}

struct Constraint {
  const char* name;
  bool (*holds)(const v1::GemmProblem&, const v1::Silicon&, const GemmSm90Config&);
};

// In the order that keeps each rule's arithmetic within bounds that those before it set.
constexpr Constraint kConstraints[] = {
    {"HasConsumers", [](auto&, auto&, auto& c) { return HasConsumers(c); }},
    {"PingPongHasTwo", [](auto&, auto&, auto& c) { return PingPongHasTwo(c); }},
    {"RowsFillConsumers", [](auto&, auto&, auto& c) { return RowsFillConsumers(c); }},
    {"ColumnsFitWgmma", [](auto&, auto&, auto& c) { return ColumnsFitWgmma(c); }},
    {"StoreHoldsColumns",
     [](auto& gemm, auto&, auto& c) { return StoreHoldsColumns(c, UsesTmaStores(gemm, c)); }},
    {"IntegersHaveSteps", [](auto& gemm, auto&, auto& c) { return IntegersHaveSteps(gemm, c); }},
    {"SumsAsAsked", [](auto& gemm, auto&, auto& c) { return SumsAsAsked(gemm, c); }},
    {"HasPipeline", [](auto&, auto&, auto& c) { return HasPipeline(c); }},
    {"HasCluster", [](auto&, auto&, auto& c) { return HasCluster(c); }},
    {"SharesKOnce", [](auto&, auto&, auto& c) { return c.cluster_k == 1 || c.split_k == 1; }},
    {"SharesAreWhole", [](auto&, auto&, auto& c) { return SharesAreWhole(c); }},
    {"SpansFitTiles", [](auto& gemm, auto&, auto& c) { return SpansFitTiles(gemm, c); }},
    {"EpilogueFitsRegisters",
     [](auto& gemm, auto&, auto& c) { return EpilogueFitsRegisters(gemm, c); }},
    {"InstructionFitsLaunch", [](auto&, auto&, auto& c) { return InstructionFitsLaunch(c); }},
    {"FitsSharedMemory",
     [](auto& gemm, auto& silicon, auto& c) {
       return SharedMemoryBytes(c, UsesTmaStores(gemm, c)) <=
              std::min(kSm90SharedMemory, silicon.max_shared_memory_per_block());
     }},
    {"HasRunTimeValues", [](auto&, auto&, auto& c) { return HasRunTimeValues(c); }},
    {"FitsGrid",
     [](auto& gemm, auto&, auto& c) { return FitsGrid(gemm, c.tile_m, c.tile_n, c.split_k); }},
    {"FitsWalk", [](auto& gemm, auto&, auto& c) { return FitsWalk(gemm, c); }},
    {"SplitsHaveWork",
     [](auto& gemm, auto&, auto& c) { return SplitsHaveWork(gemm, TileK(gemm), c.split_k); }},
    {"FitsWorkspace",
     [](auto& gemm, auto& silicon, auto& c) { return FitsWorkspace(gemm, silicon, c.split_k); }},
};

const char* FirstBroken(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                        const GemmSm90Config& c) {
  for (const Constraint& constraint : kConstraints) {
    if (!constraint.holds(gemm, silicon, c)) return constraint.name;
  }
  return nullptr;
}

// What follows is no matter of legality but of what is worth a try.

struct Schedule {
  int core_rows;
  int consumers;
  int ping_pong;
};
constexpr Schedule kSchedules[] = {{128, 2, 1}, {192, 2, 1}, {128, 2, 0}, {256, 2, 0},
                                   {64, 2, 1},  {64, 1, 0},  {128, 1, 0}};
// Columns in steps of 8: with fine steps a grid of tiles can be made to fill whole waves.
constexpr int kFewestColumns = 32;
constexpr int kMostColumns = 256;
constexpr int kColumnStep = 8;
// Rows of D up to which tiles of fewer columns, for a core that computes D^T, pay.
constexpr int kFewRows = 128;
constexpr struct {
  int m;
  int n;
  int k;
} kClusters[] = {{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}, {1, 1, 4}};

// Splits of k that fill the GPU more often than this only add to the sums of partials.
constexpr int kMostWavesOfSplits = 2;

// Copies of an operand along m or n come in boxes of a swizzle span: narrow ones are many.
bool BoxesAreWide(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  constexpr int kWide = 64;
  const int bytes = InputBytes(gemm);
  return (AIsKMajor(gemm) || Sm90RowBytes(c.tile_m, bytes) >= std::min(kWide, c.tile_m * bytes)) &&
         (BIsKMajor(gemm) || Sm90RowBytes(c.tile_n, bytes) >= std::min(kWide, c.tile_n * bytes));
}

// As many stages as fit, at most 8.
template <typename Visit>
void WithStages(const v1::GemmProblem& gemm, const v1::Silicon& silicon, GemmSm90Config c,
                const Visit& visit) {
  constexpr int kMostStages = 8;
  for (c.stages = kMostStages; c.stages >= 2; --c.stages) {
    if (FirstBroken(gemm, silicon, c) == nullptr) return visit(c);
  }
}

// Share of the multiplications of all waves that lie within D.
double Filling(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const GemmSm90Config& c) {
  const int64_t blocks = CeilDivide(gemm.m(), c.tile_m * c.cluster_m) * c.cluster_m *
                         CeilDivide(gemm.n(), c.tile_n * c.cluster_n) * c.cluster_n *
                         gemm.batch() * c.cluster_k;
  const int64_t waves = CeilDivide(blocks, std::max(silicon.sm_count(), 1));
  return static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
         static_cast<double>(gemm.batch()) /
         (static_cast<double>(waves * silicon.sm_count()) * c.tile_m * c.tile_n);
}

// Blocks that share k are for grids that leave the GPU idle otherwise, and need some stages each.
bool SharesKInOneWave(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm90Config& c) {
  constexpr int kFewestStages = 4;
  const int64_t tiles =
      CeilDivide(gemm.m(), c.tile_m) * CeilDivide(gemm.n(), c.tile_n) * gemm.batch();
  return tiles * c.cluster_k <= silicon.sm_count() &&
         CeilDivide(gemm.k(), TileK(gemm)) >= int64_t{kFewestStages} * c.cluster_k;
}

bool TilesSuit(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const GemmSm90Config& c) {
  return TileSuits(gemm.m(), c.tile_m) && TileSuits(gemm.n(), c.tile_n) &&
         (gemm.m() <= kFewRows || AreaSuits(gemm, silicon, c.tile_m, c.tile_n)) &&
         (c.cluster_m == 1 || gemm.m() > c.tile_m) && (c.cluster_n == 1 || gemm.n() > c.tile_n) &&
         (c.cluster_k == 1 || SharesKInOneWave(gemm, silicon, c));
}

// Every shape, schedule and cluster worth trying, with split_k and raster_group 1.
std::vector<GemmSm90Config> Kernels(const v1::GemmProblem& gemm, const v1::Silicon& silicon) {
  std::vector<GemmSm90Config> kernels;
  double best = 0;
  const auto consider = [&](const Schedule& schedule, int columns, bool swap) {
    for (const auto& cluster : kClusters) {
      const GemmSm90Config c{.tile_m = swap ? columns : schedule.core_rows,
                             .tile_n = swap ? schedule.core_rows : columns,
                             .stages = 2,
                             .consumers = schedule.consumers,
                             .ping_pong = schedule.ping_pong,
                             .cluster_m = cluster.m,
                             .cluster_n = cluster.n,
                             .cluster_k = cluster.k,
                             .promote = gemm.numerics().promote_accumulation() ? 1 : 0,
                             .swap_ab = swap ? 1 : 0,
                             .split_k = 1,
                             .raster_group = 1,
                             .raster_along_n = 0};
      if (!TilesSuit(gemm, silicon, c) || !BoxesAreWide(gemm, c)) continue;
      WithStages(gemm, silicon, c, [&](const GemmSm90Config& kernel) {
        kernels.push_back(kernel);
        best = std::max(best, Filling(gemm, silicon, kernel));
      });
    }
  };
  for (const Schedule& schedule : kSchedules) {
    for (int columns = kFewestColumns; columns <= kMostColumns; columns += kColumnStep) {
      consider(schedule, columns, false);
    }
    const int fewest = gemm.m() <= kFewRows ? kColumnStep : kFewestColumns;
    for (int columns = fewest; columns <= kMostColumns; columns += kColumnStep) {
      consider(schedule, columns, true);
    }
  }
  // Where several waves run, tiles that leave much of the last one idle, or hang far over the
  // edges, cannot win by anything else.
  constexpr double kLeastFilling = 0.85;
  constexpr double kAmple = 0.75;
  if (best > kAmple) {
    std::erase_if(kernels, [&](const GemmSm90Config& c) {
      return Filling(gemm, silicon, c) < kLeastFilling * best;
    });
  }
  return kernels;
}

v1::TensorMapSpec MapOf(v1::Operand operand, int inner, int outer, int swizzle) {
  v1::TensorMapSpec spec;
  spec.set_operand(operand);
  spec.set_box_inner(inner);
  spec.set_box_outer(outer);
  spec.set_swizzle_bytes(swizzle);
  return spec;
}

// The box of one load: OperandSm90 in gemm/operand_sm90.cuh. `share`: blocks that split a tile.
v1::TensorMapSpec InputMap(v1::Operand operand, bool k_major, int tile, int share, int bytes) {
  const int tile_k = kStageRowBytes / bytes;
  if (k_major) return MapOf(operand, tile_k, tile / share, kStageRowBytes);
  const int span = Sm90RowBytes(tile, bytes);
  return MapOf(operand, span / bytes, tile_k / share, span);
}

}  // namespace

bool GemmSm90Space::Supports(const v1::Problem& problem, const v1::Silicon& silicon) const {
  if (!problem.has_gemm() || silicon.compute_capability() != kCapability) return false;
  const v1::GemmProblem& gemm = problem.gemm();
  const v1::Requirements requirements = RequirementsOf(gemm);
  if (requirements.a_alignment() != kTmaAlignment || requirements.b_alignment() != kTmaAlignment) {
    return false;
  }
  switch (gemm.a_type()) {
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
      return true;
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_INT8:
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
      return AIsKMajor(gemm) && BIsKMajor(gemm);
    default:
      return false;
  }
}

namespace {

// Sets split_k and the raster of `c` to everything worth trying.
template <typename Visit>
void ForEachRun(const v1::GemmProblem& gemm, const v1::Silicon& silicon, GemmSm90Config c,
                const Visit& visit) {
  const int rows = c.tile_m * c.cluster_m;
  const int columns = c.tile_n * c.cluster_n;
  const int64_t tiles_m = CeilDivide(gemm.m(), rows);
  const int64_t tiles_n = CeilDivide(gemm.n(), columns);
  const int64_t blocks = tiles_m * tiles_n * gemm.batch() * ClusterBlocks(c);
  for (const int split : SplitsToTry(gemm, silicon, rows, columns, TileK(gemm))) {
    if (split > 1 && c.cluster_k > 1) break;
    // Blocks are one an SM.
    if (split > 1 && blocks * split > kMostWavesOfSplits * int64_t{silicon.sm_count()}) break;
    c.split_k = split;
    c.raster_group = 1;
    c.raster_along_n = 0;
    // Partial sums take more registers to store than a plain D.
    if (FirstBroken(gemm, silicon, c) != nullptr) continue;
    const int64_t wave = silicon.sm_count() / (ClusterBlocks(c));
    if (split > 1 || tiles_m * tiles_n <= wave) {
      visit(c);
      continue;
    }
    for (const int group : RasterGroupsToTry(tiles_m, tiles_n, rows, columns, wave)) {
      c.raster_group = group;
      visit(c);
    }
    c.raster_along_n = 1;
    for (const int group : RasterGroupsToTry(tiles_n, tiles_m, columns, rows, wave)) {
      c.raster_group = group;
      visit(c);
    }
  }
}

}  // namespace

std::vector<v1::Config> GemmSm90Space::Enumerate(const v1::Problem& problem,
                                                 const v1::Silicon& silicon) const {
  std::vector<v1::Config> configs;
  if (!Supports(problem, silicon)) return configs;
  const v1::GemmProblem& gemm = problem.gemm();
  for (const GemmSm90Config& kernel : Kernels(gemm, silicon)) {
    ForEachRun(gemm, silicon, kernel, [&](const GemmSm90Config& c) {
      configs.push_back(EncodeConfig(c, kGemmSm90Parameters));
    });
  }
  return configs;
}

std::optional<std::string> GemmSm90Space::BrokenConstraint(const v1::Problem& problem,
                                                           const v1::Silicon& silicon,
                                                           const v1::Config& config) const {
  if (!Supports(problem, silicon)) return "ServesOperands";
  const auto decoded = DecodeConfig(config, kGemmSm90Parameters);
  if (!decoded) return "HasParameters";
  const char* broken = FirstBroken(problem.gemm(), silicon, *decoded);
  return broken == nullptr ? std::nullopt : std::optional<std::string>(broken);
}

absl::StatusOr<v1::LaunchPlan> GemmSm90Space::PlanFor(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const {
  if (const auto broken = BrokenConstraint(problem, silicon, config)) {
    return InvalidField("config", "ILLEGAL_CONFIG", absl::StrCat("breaks ", *broken));
  }
  const v1::GemmProblem& gemm = problem.gemm();
  const GemmSm90Config c = *DecodeConfig(config, kGemmSm90Parameters);
  const int bytes = InputBytes(gemm);
  WarpgroupLaunch launch;
  launch.tiled = {c.tile_m,  c.tile_n,      Threads(c), SharedMemoryBytes(c, UsesTmaStores(gemm, c)),
                  c.split_k, c.raster_group};
  launch.cluster_blocks = ClusterBlocks(c);
  launch.raster_along_n = c.raster_along_n != 0;
  launch.tensor_maps = {
      InputMap(v1::OPERAND_A, AIsKMajor(gemm), c.tile_m, c.cluster_n, bytes),
      InputMap(v1::OPERAND_B, BIsKMajor(gemm), c.tile_n, c.cluster_m, bytes),
  };
  if (UsesTmaStores(gemm, c)) {
    const int d_bytes = ElementBytes(gemm.d_type());
    launch.tensor_maps.push_back(MapOf(v1::OPERAND_D, kStageRowBytes / d_bytes, StoreBoxRows(c),
                                       kStageRowBytes));
  }
  return PlanWarpgroupGemm(gemm, launch);
}

double GemmSm90Space::PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                     const v1::Config& config) const {
  if (BrokenConstraint(problem, silicon, config)) return std::numeric_limits<double>::infinity();
  const v1::GemmProblem& gemm = problem.gemm();
  return PredictWarpgroupSeconds(gemm, MachineFor(silicon, gemm),
                                 *DecodeConfig(config, kGemmSm90Parameters));
}

}  // namespace tilewright
