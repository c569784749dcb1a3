#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_PARAMETERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_PARAMETERS_H_

#include "kernel_templates/abi/gemm_simt_config.h"
#include "tuner/template/parameter_table.h"

namespace tilewright {

inline const ParameterTable<GemmSimtConfig>& GemmSimtParameters() {
  using C = GemmSimtConfig;
  using enum ParameterKind;
  static const auto& table = *new ParameterTable<C>(
      "GemmSimtConfig",
      {
          {{"tile_m", kCompiled, 1, "16–256", "rows of D that a block computes", "tile"},
           &C::tile_m},
          {{"tile_n", kCompiled, 1, "16–256", "columns of D that a block computes", "tile"},
           &C::tile_n},
          {{"tile_k", kCompiled, 1, "4, 8, 16, 32", "depth of a stage, in elements", "tile"},
           &C::tile_k},
          {{"thread_m", kCompiled, 1, "4, 8, 16", "rows of D that a thread computes", "thread"},
           &C::thread_m},
          {{"thread_n", kCompiled, 1, "4, 8, 16", "columns of D that a thread computes", "thread"},
           &C::thread_n},
          {{"split_k", kRunTime, 1, "≥ 1",
            "blocks that share a tile along k through the workspace; a second launch adds their "
            "sums in order; the code depends only on whether it is above 1"},
           &C::split_k},
          {{"raster_group", kOrder, 1, "≥ 1", "tiles of m that are walked before the next of n"},
           &C::raster_group},
      });
  return table;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_PARAMETERS_H_
