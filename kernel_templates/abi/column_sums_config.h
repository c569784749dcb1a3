// The launch of the step that adds up the column sums of a bias gradient: one header for device
// and host.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_COLUMN_SUMS_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_COLUMN_SUMS_CONFIG_H_

namespace tilewright {

// A block has 32 columns, so that a warp reads whole lines, and 16 threads for each.
inline constexpr int kColumnSumColumns = 32;
inline constexpr int kColumnSumStrands = 16;
inline constexpr int kColumnSumThreads = kColumnSumColumns * kColumnSumStrands;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_COLUMN_SUMS_CONFIG_H_
