#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_PARAMETERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_PARAMETERS_H_

#include "kernel_templates/abi/gemm_sm80_config.h"
#include "tuner/template/parameter_table.h"

namespace tilewright {

inline const ParameterTable<GemmSm80Config>& GemmSm80Parameters() {
  using C = GemmSm80Config;
  using enum ParameterKind;
  static const auto& table = *new ParameterTable<C>(
      "GemmSm80Config",
      {
          {{"tile_m", kCompiled, 1, "16–256, 2ⁱ or 3 · 2ⁱ", "rows of D that a block computes",
            "tile"},
           &C::tile_m},
          {{"tile_n", kCompiled, 1, "16–256, 2ⁱ or 3 · 2ⁱ", "columns of D that a block computes",
            "tile"},
           &C::tile_n},
          {{"tile_k", kCompiled, 1, "32, 64 or 128 bytes", "depth of a stage, in elements", "tile"},
           &C::tile_k},
          {{"warps_m", kCompiled, 1, "2–16 together", "warps along m", "warps"}, &C::warps_m},
          {{"warps_n", kCompiled, 1, "2–16 together", "warps along n", "warps"}, &C::warps_n},
          {{"stages", kFitted, 1, "2–6", "buffers of the ring"}, &C::stages},
          {{"split_k", kRunTime, 1, "≥ 1",
            "blocks that share a tile along k through the workspace; a second launch adds their "
            "sums in order; the code depends only on whether it is above 1"},
           &C::split_k},
          {{"raster_group", kOrder, 1, "≥ 1", "tiles of m that are walked before the next of n"},
           &C::raster_group},
          {Switch("fp16_sums", kCompiled,
                  "fp16 products are summed in fp16, and widened before the epilogue"),
           &C::fp16_sums,
           /*has_default=*/true},
          {Switch("split_epilogue", kSplit, "the epilogue is a second launch"), &C::split_epilogue,
           /*has_default=*/true},
      });
  return table;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_PARAMETERS_H_
