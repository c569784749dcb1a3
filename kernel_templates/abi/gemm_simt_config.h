// The compile-time parameters of gemm_simt and the resources that follow from them:
// the one source for the template and for its search space. Plain constexpr C++.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_

namespace tilewright {

struct GemmSimtConfig {
  int tile_m;    // Rows of D a block computes.
  int tile_n;    // Columns of D a block computes.
  int tile_k;    // Depth of one shared-memory stage.
  int thread_m;  // Rows of D a thread computes.
  int thread_n;  // Columns of D a thread computes.
  int split_k;   // Blocks that share a tile of D along k; 1: none. Run time, as in gemm_sm80.
  int raster_group;  // Run time. Tiles of m walked before the next tile of n.
};

constexpr int Threads(const GemmSimtConfig& c) {
  return (c.tile_m / c.thread_m) * (c.tile_n / c.thread_n);
}

// Two stages of A and B as fp32, stored k-major with rows padded by 4 elements.
constexpr int SharedMemoryBytes(const GemmSimtConfig& c) {
  return 2 * c.tile_k * ((c.tile_m + 4) + (c.tile_n + 4)) * 4;
}

constexpr int AccumulatorRegisters(const GemmSimtConfig& c) {
  return c.thread_m * c.thread_n;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_GEMM_SIMT_CONFIG_H_
