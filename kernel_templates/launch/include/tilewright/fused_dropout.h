// What a launch of a fused dropout takes.
#ifndef TILEWRIGHT_FUSED_DROPOUT_H_
#define TILEWRIGHT_FUSED_DROPOUT_H_

#include <cstdint>

namespace tilewright {

// Device pointers and scalars of one launch. Which of them a form reads and writes is what
// problem.proto, FusedDropoutProblem, says; the others are not looked at. Types, shape and strides
// are the problem's; a gradient lies as what it is the gradient of. The launch is asynchronous:
// memory must stay valid until the stream has passed it.
struct FusedDropoutArguments {
  const void* x = nullptr;
  const void* bias = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  const void* shift = nullptr;
  void* y = nullptr;
  const void* dy = nullptr;  // Backward, as what follows up to residual_gradient.
  const void* pre_norm_gradient = nullptr;
  void* dx = nullptr;
  void* residual_gradient = nullptr;
  void* pre_norm = nullptr;  // Outputs, and inputs of the backward form, up to inverse_root.
  void* mask = nullptr;
  float* mean = nullptr;  // [rows], as inverse_root: what the normalization found of each row.
  float* inverse_root = nullptr;
  float* bias_gradient = nullptr;  // [columns], as those that follow.
  float* weight_gradient = nullptr;
  float* shift_gradient = nullptr;
  int64_t mask_bytes = 0;     // What mask has, checked against the shape; 0: not told.
  void* workspace = nullptr;  // At least Kernel::WorkspaceBytes of the shape, 16-byte aligned.
  int64_t workspace_bytes = 0;
  float epsilon = 1e-5f;         // With a normalization.
  uint64_t seed = 0;             // With dropout. The backward launch has those of its forward one.
  uint64_t offset = UINT64_MAX;  // Below 2^48, the next for each launch: docs/dropout.md.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_FUSED_DROPOUT_H_
