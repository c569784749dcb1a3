// The argument structures of our kernels: one header for device and host, plain
// types only, no includes (it is compiled by NVRTC as well). A change of layout or
// meaning raises kGemmArgsVersion; a launcher refuses a plan of another version.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_

namespace tilewright {

// The keys of Philox-4x32's rounds. They follow from the seed and travel in its place, so that a
// kernel finds them ready: made there, they would be two instructions of every round of every call.
inline constexpr int kMostPhiloxRounds = 10;
struct PhiloxKeys {
  unsigned int low[kMostPhiloxRounds];
  unsigned int high[kMostPhiloxRounds];
};
constexpr PhiloxKeys PhiloxKeysOf(unsigned long long seed) {
  PhiloxKeys keys = {};
  for (int round = 0; round < kMostPhiloxRounds; ++round) {
    keys.low[round] = static_cast<unsigned int>(seed) + 0x9E3779B9u * round;
    keys.high[round] = static_cast<unsigned int>(seed >> 32) + 0xBB67AE85u * round;
  }
  return keys;
}

inline constexpr int kGemmArgsVersion = 4;

// Arguments of every GEMM entry symbol, passed by value as the one
// `const __grid_constant__ GemmArgs` parameter. Strides count elements of the
// operand's own type. Pointers that the variant does not use are null.
struct GemmArgs {
  const void* a;
  const void* b;
  const void* c;  // Source: accumulated (beta) or residual.
  void* d;
  const void* bias;           // [n] or [m].
  void* aux;                  // Pre-activation [m, n]: an output, and an input of a gradient.
  void* mask;                 // Dropout mask output: problem.proto, Dropout.store_mask.
  float* bias_gradient;       // [n]: sums of the columns.
  float* amax;                // One fp32, zeroed by the launcher before the first step.
  unsigned int* non_finite;   // One flag, zeroed by the launcher before the first step.
  void* workspace;            // Split-K partials: [split_k][batch][m][n] of fp32 or int32.
  float* column_sums;         // Partial sums of columns, a region of the workspace: [rows][n].
  const float* device_alpha;  // Where alpha and beta are read from device memory: one fp32 each.
  const float* device_beta;
  const float* scale_a;  // Scales of A and B, laid out as SCALING_MODE_* in problem.proto says.
  const float* scale_b;
  const float* scale_d;  // One fp32, multiplied before an fp8 D is rounded.
  long long lda;
  long long ldb;
  long long ldc;
  long long ldd;
  long long ld_aux;
  long long a_batch_stride;
  long long b_batch_stride;
  long long c_batch_stride;
  long long d_batch_stride;
  long long aux_batch_stride;
  unsigned long long offset;  // Of dropout and of stochastic rounding; below 2^48.
  PhiloxKeys keys;            // Of the seed.
  int m;
  int n;
  int k;
  int batch;
  int split_k;                  // Grid y of the main step; 1 where k is not split.
  int raster_group;             // Tiles of m that are walked before the next tile of n.
  int raster_along_n;           // 1: tiles of n before the next tile of m.
  unsigned int dropout_offset;  // (2^15 - p * 2^15) * (2^16 + 1): KeepSigns in random_bits.cuh.
  float dropout_scale;          // 1 / (1 - p), and 0 where p is 1.
  float kept_share;             // 1 - p.
  float alpha;
  float beta;
};
static_assert(sizeof(GemmArgs) == 352, "GemmArgs is an ABI: raise kGemmArgsVersion");

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_
