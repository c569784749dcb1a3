// The arguments of a launch of a fused dropout.
#ifndef TILEWRIGHT_FUSED_DROPOUT_H_
#define TILEWRIGHT_FUSED_DROPOUT_H_

#include <cstdint>

namespace tilewright {

// Device pointers and scalars of one launch. FusedDropoutProblem in problem.proto says which of
// them a form reads and writes. The others are ignored. Types, shape and strides are those of the
// problem. The gradient of a tensor has the type and the stride of that tensor. The launch is
// asynchronous: memory must stay valid until the stream has passed it.
struct FusedDropoutArguments {
  const void* x = nullptr;
  const void* bias = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  const void* shift = nullptr;
  void* y = nullptr;
  const void* dy = nullptr;  // From here to residual_gradient: for the backward form.
  const void* pre_norm_gradient = nullptr;
  void* dx = nullptr;
  void* residual_gradient = nullptr;
  void* pre_norm = nullptr;  // From here to inverse_root: forward writes them, backward reads them.
  void* mask = nullptr;
  float* mean = nullptr;  // [rows], as inverse_root: what the normalization found for each row.
  float* inverse_root = nullptr;
  float* bias_gradient = nullptr;  // [columns], as the next two.
  float* weight_gradient = nullptr;
  float* shift_gradient = nullptr;
  int64_t mask_bytes = 0;     // The size of mask, to be checked. 0: it is not checked.
  void* workspace = nullptr;  // Kernel::WorkspaceBytes of the shape or more, 16-byte aligned.
  int64_t workspace_bytes = 0;
  float epsilon = 1e-5f;  // With a normalization.
  uint64_t seed = 0;      // With dropout.
  // With dropout. Must be below 2^48. Use the next value for each launch. A backward launch takes
  // seed and offset of its forward launch: docs/dropout.md. Default: none, which is refused.
  uint64_t offset = UINT64_MAX;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_FUSED_DROPOUT_H_
