#include "tuner/space/gemm_sm90_space.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "kernel_templates/abi/gemm_sm90_config.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "proto/support/errors.h"
#include "tuner/codegen/renderer.h"
#include "tuner/space/config_codec.h"
#include "tuner/space/cost_model.h"
#include "tuner/space/gemm_sm90_candidates.h"
#include "tuner/space/gemm_sm90_rules.h"
#include "tuner/space/launch_plan.h"
#include "tuner/space/tile_domain.h"
#include "tuner/space/warpgroup_model.h"

namespace tilewright {
namespace {

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
  return problem.has_gemm() && sm90::ServesOperands(problem.gemm(), silicon);
}

std::vector<v1::Config> GemmSm90Space::Enumerate(const v1::Problem& problem,
                                                 const v1::Silicon& silicon) const {
  std::vector<v1::Config> configs;
  if (!Supports(problem, silicon)) return configs;
  const v1::GemmProblem& gemm = problem.gemm();
  for (const GemmSm90Config& config : sm90::Candidates(gemm, silicon)) {
    configs.push_back(EncodeConfig(config, kGemmSm90Parameters));
  }
  if (!SplitsEpilogueAlone(gemm, /*split_k=*/1)) return configs;
  for (GemmSm90Config& config : sm90::Candidates(GemmOfSplit(gemm), silicon)) {
    if (config.split_k > 1) continue;
    config.split_epilogue = 1;
    configs.push_back(EncodeConfig(config, kGemmSm90Parameters));
  }
  return configs;
}

std::optional<std::string> GemmSm90Space::BrokenConstraint(const v1::Problem& problem,
                                                           const v1::Silicon& silicon,
                                                           const v1::Config& config) const {
  if (!Supports(problem, silicon)) return "ServesOperands";
  const auto decoded = DecodeConfig(config, kGemmSm90Parameters);
  if (!decoded) return "HasParameters";
  const char* broken = sm90::FirstBroken(problem.gemm(), silicon, *decoded);
  return broken == nullptr ? std::nullopt : std::optional<std::string>(broken);
}

absl::StatusOr<v1::LaunchPlan> GemmSm90Space::PlanFor(const v1::Problem& problem,
                                                      const v1::Silicon& silicon,
                                                      const v1::Config& config) const {
  if (const auto broken = BrokenConstraint(problem, silicon, config)) {
    return InvalidField("config", "ILLEGAL_CONFIG", absl::StrCat("breaks ", *broken));
  }
  const GemmSm90Config c = *DecodeConfig(config, kGemmSm90Parameters);
  const v1::GemmProblem gemm = c.split_epilogue ? GemmOfSplit(problem.gemm()) : problem.gemm();
  const int bytes = ElementBytes(gemm.a_type());
  WarpgroupLaunch launch;
  const StorePath path = sm90::StorePathFor(gemm, c);
  launch.tiled = {c.tile_m,  c.tile_n,       Threads(c),       SharedMemoryBytes(c, path),
                  c.split_k, c.raster_group, ColumnSumRows(c), c.split_epilogue != 0};
  launch.cluster_blocks = ClusterBlocks(c);
  launch.raster_along_n = c.raster_along_n != 0;
  launch.tensor_maps = {
      InputMap(v1::OPERAND_A, sm90::AIsKMajor(gemm), c.tile_m, c.cluster_n, bytes),
      InputMap(v1::OPERAND_B, sm90::BIsKMajor(gemm), c.tile_n, c.cluster_m, bytes),
  };
  // Boxes of what passes beside D are as those of D.
  const int d_bytes = ElementBytes(gemm.d_type());
  const auto add_box = [&](v1::Operand operand) {
    launch.tensor_maps.push_back(MapOf(operand, StoreBoxBytes(c, d_bytes) / d_bytes,
                                       StoreBoxRows(c, HasDropout(gemm.epilogue())),
                                       StoreBoxBytes(c, d_bytes)));
  };
  const bool to_aux = c.split_epilogue && WritesAux(gemm.epilogue());
  if (path != StorePath::kStaged) add_box(to_aux ? v1::OPERAND_AUX : v1::OPERAND_D);
  if (path == StorePath::kTmaBeside) {
    add_box(HasSource(gemm.epilogue()) ? v1::OPERAND_C : v1::OPERAND_AUX);
  }
  v1::LaunchPlan plan = PlanWarpgroupGemm(problem.gemm(), launch);
  if (path != StorePath::kStaged) {
    plan.mutable_requirements()->set_n_divisor(sm90::kTmaAlignment / d_bytes);
  }
  return plan;
}

double GemmSm90Space::PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                                     const v1::Config& config) const {
  if (BrokenConstraint(problem, silicon, config)) return std::numeric_limits<double>::infinity();
  const v1::GemmProblem& gemm = problem.gemm();
  const GemmSm90Config c = *DecodeConfig(config, kGemmSm90Parameters);
  const MachineModel machine = MachineFor(silicon, gemm, sm90::PrecisionOf(gemm, c));
  if (!c.split_epilogue) return PredictWarpgroupSeconds(gemm, machine, c);
  return PredictWarpgroupSeconds(GemmOfSplit(gemm), machine, c) +
         SplitEpilogueSeconds(gemm, machine);
}

}  // namespace tilewright
