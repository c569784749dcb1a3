// The second launch of a split-K plan, for device and host.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_K_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_K_CONFIG_H_

namespace tilewright {

// A block sums the partials in order and runs the epilogue: each thread owns 4 neighbouring
// columns.
inline constexpr int kReduceThreads = 256;
inline constexpr int kReduceTileM = 8;
inline constexpr int kReduceTileN = 128;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_K_CONFIG_H_
