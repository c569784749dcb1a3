// The template kernel_templates/gemm/gemm_sm90.cuh: warpgroups fed by TMA, for compute capability
// 9.0. registry.cc declares the one function of this file.
#include <string>
#include <utility>
#include <vector>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "tuner/template/gemm_sm90/configs_to_try.h"
#include "tuner/template/gemm_sm90/model.h"
#include "tuner/template/gemm_sm90/parameters.h"
#include "tuner/template/gemm_sm90/rules.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

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

// Returns the box of one load of OperandSm90 in gemm/operand_sm90.cuh. `share` blocks split a tile.
v1::TensorMapSpec InputMap(v1::Operand operand, bool k_major, int tile, int share, int bytes) {
  const int tile_k = kStageRowBytes / bytes;
  if (k_major) return MapOf(operand, tile_k, tile / share, kStageRowBytes);
  const int span = Sm90RowBytes(tile, bytes);
  return MapOf(operand, span / bytes, tile_k / share, span);
}

// Returns the problem of the first launch.
v1::GemmProblem FirstOf(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return c.split_epilogue ? GemmOfSplit(gemm) : gemm;
}

// Returns the maps of the first launch, in the order of its kernel's arguments.
std::vector<v1::TensorMapSpec> TensorMaps(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  const v1::GemmProblem first = FirstOf(gemm, c);
  const int bytes = StorageBytes(first.a_type());
  std::vector<v1::TensorMapSpec> maps = {
      InputMap(v1::OPERAND_A, AIsKMajor(first), c.tile_m, c.cluster_n, bytes),
      InputMap(v1::OPERAND_B, BIsKMajor(first), c.tile_n, c.cluster_m, bytes),
  };
  // C or Aux, if it passes beside D, uses the same boxes as D.
  const int d_bytes = StorageBytes(first.d_type());
  const int box_bytes = StoreBoxBytes(c, d_bytes);
  const auto add_box = [&](v1::Operand operand) {
    maps.push_back(MapOf(operand, box_bytes / d_bytes,
                         StoreBoxRows(c, HasDropout(first.epilogue())), box_bytes));
  };
  const StorePath path = sm90::StorePathFor(first, c);
  const bool to_aux = c.split_epilogue && WritesAux(gemm.epilogue());
  if (path != StorePath::kStaged) add_box(to_aux ? v1::OPERAND_AUX : v1::OPERAND_D);
  if (path == StorePath::kTmaBeside) {
    add_box(HasSource(first.epilogue()) ? v1::OPERAND_C : v1::OPERAND_AUX);
  }
  return maps;
}

class GemmSm90 : public TiledGemmTemplate<GemmSm90Config> {
 public:
  GemmSm90()
      : TiledGemmTemplate("gemm_sm90", "gemm/gemm_sm90.cuh", GemmSm90Parameters(), "ServesOperands",
                          sm90::AllRules()) {}

 private:
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override {
    return sm90::ServesOperands(gemm, silicon);
  }

  std::vector<Config> UnsplitConfigs(const v1::GemmProblem& gemm,
                                     const v1::Silicon& silicon) const override {
    return sm90::ConfigsToTry(gemm, silicon);
  }

  // Blocks are persistent, and every step may start as the one before it ends.
  v1::LaunchPlan Plan(const v1::GemmProblem& gemm, const v1::Silicon&,
                      const Config& c) const override {
    const int shared_bytes = SharedMemoryBytes(c, sm90::StorePathFor(FirstOf(gemm, c), c));
    v1::LaunchPlan plan =
        PlanTiledGemm(gemm, {c.tile_m, c.tile_n, Threads(c), shared_bytes, c.split_k,
                             c.raster_group, ColumnSumRows(c), c.split_epilogue != 0});
    v1::LaunchStep& step = *plan.mutable_steps(0);
    step.set_cluster_x(ClusterBlocks(c));
    step.set_grid_rule(v1::GRID_RULE_PERSISTENT);
    step.set_blocks_per_sm(1);
    for (const v1::TensorMapSpec& map : TensorMaps(gemm, c)) *step.add_tensor_maps() = map;
    for (v1::LaunchStep& any : *plan.mutable_steps()) any.set_programmatic_launch(true);
    plan.set_raster_along_n(c.raster_along_n != 0);
    return plan;
  }

  v1::Requirements Requirements(const v1::GemmProblem& gemm, const Config& c) const override {
    v1::Requirements requirements = RequirementsOf(gemm);
    const v1::GemmProblem first = FirstOf(gemm, c);
    if (sm90::StorePathFor(first, c) != StorePath::kStaged) {
      requirements.set_n_divisor(sm90::kTmaAlignment / StorageBytes(first.d_type()));
    }
    return requirements;
  }

  double PredictUnsplit(const v1::GemmProblem& gemm, const MachineModel& machine,
                        const Config& c) const override {
    return PredictWarpgroupSeconds(gemm, machine, c);
  }

  v1::Precision Precision(const v1::GemmProblem& gemm, const Config& c) const override {
    return sm90::PrecisionOf(gemm, c);
  }

  GemmInstance Instance(const Config& c) const override {
    return {.template_class = "GemmSm90",
            .entry = "TILEWRIGHT_TMA_GEMM_ENTRY",
            .defines = "#define TILEWRIGHT_WGMMA_COLUMNS " + std::to_string(CoreColumns(c)) + "\n"};
  }

  // The mirror image of a config computes the transpose, so that m and n change places.
  Config Unmirrored(Config c) const override {
    if (c.swap_ab == 0) return c;
    std::swap(c.tile_m, c.tile_n);
    std::swap(c.cluster_m, c.cluster_n);
    c.swap_ab = 0;
    return c;
  }
};

}  // namespace

const Template& GemmSm90Template() {
  static const auto& one = *new GemmSm90;
  return one;
}

}  // namespace tilewright
