// The launch of the second step of a split epilogue: one header for device and host.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_EPILOGUE_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_EPILOGUE_CONFIG_H_

namespace tilewright {

// Each of 8 warps has 16 rows, as a mask's blocks do, of 64 columns, so that 8 lanes read 128 bytes
// of a row of 16-bit elements; side by side they have 1 KiB of it.
inline constexpr int kSplitEpilogueThreads = 256;
inline constexpr int kSplitEpilogueWarpColumns = 64;
inline constexpr int kSplitEpilogueTileM = 16;
inline constexpr int kSplitEpilogueTileN = kSplitEpilogueThreads / 32 * kSplitEpilogueWarpColumns;

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_SPLIT_EPILOGUE_CONFIG_H_
