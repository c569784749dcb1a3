#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_PARAMETERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_PARAMETERS_H_

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tuner/template/parameter_table.h"

namespace tilewright {

inline const ParameterTable<GemmSm90Config>& GemmSm90Parameters() {
  using C = GemmSm90Config;
  using enum ParameterKind;
  static const auto& table = *new ParameterTable<C>(
      "GemmSm90Config",
      {
          {{"tile_m", kCompiled, 1, "8–256, see below", "rows of D that a block computes at a time",
            "tile"},
           &C::tile_m},
          {{"tile_n", kCompiled, 1, "8–256, see below",
            "columns of D that a block computes at a time", "tile"},
           &C::tile_n},
          {{"stages", kFitted, 1, "2–12", "buffers of the ring"}, &C::stages},
          {{"consumers", kCompiled, 1, "1–3", "warpgroups that multiply"}, &C::consumers},
          {Switch("ping_pong", kCompiled, "schedule: consumers take turns, each on its tile"),
           &C::ping_pong},
          {{"cluster_m", kCompiled, 1, "1, 2, 4", "blocks of a cluster along m", "cluster"},
           &C::cluster_m},
          {{"cluster_n", kCompiled, 1, "1, 2, 4", "blocks of a cluster along n", "cluster"},
           &C::cluster_n},
          {{"cluster_k", kCompiled, 1, "1, 2, 4", "blocks of a cluster that share a tile along k",
            "cluster"},
           &C::cluster_k},
          {Switch("promote", kCompiled,
                  "the sums of each stage are added up in fp32: every 128 k for fp8, with the "
                  "scales of blocks; every 32 k for three products"),
           &C::promote},
          {{"products", kCompiled, 1, "1, 3", "tf32 products that make one fp32 product"},
           &C::products,
           /*has_default=*/true},
          {Switch("fp16_sums", kCompiled, "fp16 and fp8 products are summed in fp16"),
           &C::fp16_sums,
           /*has_default=*/true},
          {Switch("swap_ab", kMirror, "the tensor core computes Dᵀ"), &C::swap_ab},
          {{"split_k", kRunTime, 1, "≥ 1",
            "blocks that share a tile along k through the workspace; a second launch adds their "
            "sums in order; the code depends only on whether it is above 1"},
           &C::split_k},
          {Switch("split_epilogue", kSplit, "the epilogue is a second launch"), &C::split_epilogue,
           /*has_default=*/true},
          {{"raster_group", kOrder, 1, "≥ 1",
            "tiles of one dimension that are walked before the next of the other"},
           &C::raster_group},
          {Switch("raster_along_n", kOrder, "groups lie along n and are walked along m"),
           &C::raster_along_n},
      });
  return table;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_PARAMETERS_H_
