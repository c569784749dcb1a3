#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_PARAMETERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_PARAMETERS_H_

#include "kernel_templates/abi/fused_dropout_config.h"
#include "tuner/template/parameter_table.h"

namespace tilewright {

inline const ParameterTable<FusedDropoutConfig>& FusedDropoutParameters() {
  using C = FusedDropoutConfig;
  using enum ParameterKind;
  static const auto& table = *new ParameterTable<C>(
      "FusedDropoutConfig",
      {
          {{"vector", kCompiled, 1, "4, 8, 16",
            "neighbouring elements of a row that a thread handles together"},
           &C::vector},
          {{"slots", kCompiled, 1, "1, 2, 3, 4, 8", "vectors of a row that a thread holds at once"},
           &C::slots},
          {{"column_threads", kCompiled, 1, "4–1024, 2ⁱ", "threads along a row"},
           &C::column_threads},
          {{"threads", kCompiled, 1, "128–1024",
            "threads of a block; `threads / column_threads` pairs of rows at once"},
           &C::threads},
          {{"tile_m", kCompiled, 1,
            "16–512; 4–512 if rows are held forward; with a ring and column sums, values that give "
            "an SM 1 to 4 blocks",
            "rows that a block computes, one pair after another", "tile"},
           &C::tile_m},
          {Switch("read_mask", kCompiled,
                  "backward, if the mask was stored: 1 reads it, 0 computes it again"),
           &C::read_mask,
           /*has_default=*/true},
          {Switch("prefetch", kCompiled,
                  "the next pair of rows is loaded before the current one is computed"),
           &C::prefetch,
           /*has_default=*/true},
          {Switch("looped", kCompiled, "rows may be longer than `vector · slots · column_threads`"),
           &C::looped,
           /*has_default=*/true},
          {{"ring_parts", kCompiled, 0, "0; slots, slots + 1, 2 · slots, 3 · slots",
            "parts of rows that are in flight through shared memory"},
           &C::ring_parts,
           /*has_default=*/true},
      });
  return table;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_PARAMETERS_H_
