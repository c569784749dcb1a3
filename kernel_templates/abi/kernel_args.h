// The argument structures of our kernels: one header for device and host, plain
// types only, no includes (it is compiled by NVRTC as well). A change of layout or
// meaning raises kGemmArgsVersion; a launcher refuses a plan of another version.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_

namespace tilewright {

inline constexpr int kGemmArgsVersion = 3;

// Arguments of every GEMM entry symbol, passed by value as the one
// `const __grid_constant__ GemmArgs` parameter. Strides count elements of the
// operand's own type. Pointers that the variant does not use are null.
struct GemmArgs {
  const void* a;
  const void* b;
  const void* c;         // Source: accumulated (beta) or residual.
  void* d;
  const void* bias;      // [n] or [m].
  void* aux;             // Pre-activation output [m, n].
  float* amax;           // One fp32, zeroed by the launcher before the first step.
  unsigned int* non_finite;  // One flag, zeroed by the launcher before the first step.
  void* workspace;       // Split-K partials: [split_k][batch][m][n] of fp32 or int32.
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
  unsigned long long seed;    // Of stochastic rounding (and dropout).
  unsigned long long offset;
  int m;
  int n;
  int k;
  int batch;
  int split_k;       // Grid y of the main step; 1 where k is not split.
  int raster_group;  // Tiles of m that are walked before the next tile of n.
  int raster_along_n;  // 1: tiles of n before the next tile of m.
  int reserved;
  float alpha;
  float beta;
};
static_assert(sizeof(GemmArgs) == 232, "GemmArgs is an ABI: raise kGemmArgsVersion");

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_KERNEL_ARGS_H_
