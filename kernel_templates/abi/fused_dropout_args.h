// The arguments of the fused-dropout kernels: one header for device and host, plain types only,
// no includes (it is compiled by NVRTC as well). A change of layout or meaning raises
// kFusedDropoutArgsVersion; a launcher refuses a plan of another version.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_ARGS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_ARGS_H_

namespace tilewright {

// A plan names its arguments by their version alone, so those of GEMMs start at 1 and these at
// 1001.
inline constexpr int kFusedDropoutArgsVersion = 1001;

// Arguments of every fused-dropout entry symbol, passed by value as the one
// `const __grid_constant__ FusedDropoutArgs` parameter. problem.proto says which tensors a form
// reads and writes; the others are null. Strides count elements of the tensor's own type.
struct FusedDropoutArgs {
  const void* x;
  const void* bias;
  const void* residual;
  const void* weight;
  const void* shift;
  void* y;         // Forward.
  const void* dy;  // Backward, as what follows but mask and pre_norm.
  const void* pre_norm_gradient;
  void* dx;
  void* residual_gradient;
  void* pre_norm;       // An output, and an input of the backward form.
  unsigned char* mask;  // As pre_norm.
  float* mean;          // As pre_norm: [rows].
  float* inverse_root;
  float* bias_gradient;  // [columns]: what the second step gives.
  float* weight_gradient;
  float* shift_gradient;
  float* column_sums;  // Partial sums, a region of the workspace: [sums][tiles of rows][columns].
  long long x_stride;  // Of dx as well; a gradient lies as what it is the gradient of.
  long long residual_stride;
  long long y_stride;
  long long pre_norm_stride;
  unsigned long long seed;
  unsigned long long offset;  // Below 2^48.
  int rows;
  int columns;
  unsigned int dropout_offset;  // As in GemmArgs.
  float dropout_scale;
  float kept_share;  // 1 - p.
  float epsilon;
};
static_assert(sizeof(FusedDropoutArgs) == 216,
              "FusedDropoutArgs is an ABI: raise kFusedDropoutArgsVersion");

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_FUSED_DROPOUT_ARGS_H_
