// The arguments of a launch of a GEMM.
#ifndef TILEWRIGHT_GEMM_H_
#define TILEWRIGHT_GEMM_H_

#include <cstdint>

namespace tilewright {

// As the batch stride of A, B or C: all batches share one matrix. D and aux have one matrix for
// each batch, so there it is refused.
inline constexpr int64_t kBatchBroadcast = -1;

// As an offset: none was given.
inline constexpr uint64_t kNoLaunchOffset = UINT64_MAX;

// Device pointers and scalars of one GEMM launch. Tensors are row-major. Types, shape and strides
// are those of the problem. The launch is asynchronous: memory must stay valid until the stream has
// passed it. A pointer that the problem does not use may be null.
struct GemmArguments {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;  // With a source (beta * C or a residual). If it is accumulated and beta
                            // is 0, passed by value, it is not read and may be null. It may be the
                            // same as D. A residual with dropout may not: INVALID_ARGUMENT.
  void* d = nullptr;
  const void* bias = nullptr;      // With a bias: [n] or [m].
  void* aux = nullptr;             // With an auxiliary tensor: [m, n]. A forward form writes it. A
                                   // gradient reads it, and then it must not be the same as D.
  float* amax = nullptr;           // With amax: one fp32. The launch sets it to zero first.
  uint32_t* non_finite = nullptr;  // With the non-finite flag: one word. Set to zero first.
  const float* scale_a = nullptr;  // With a scaling mode, in the layout that ScalingMode says.
  const float* scale_b = nullptr;
  const float* scale_d = nullptr;  // With scale_d: one fp32.
  int64_t scale_a_elements = 0;    // The size of scale_a, to be checked. 0: it is not checked.
  int64_t scale_b_elements = 0;
  void* workspace = nullptr;  // Kernel::WorkspaceBytes of the shape or more, 16-byte aligned.
  int64_t workspace_bytes = 0;
  float alpha = 1.0f;    // 0: nothing of A and B reaches D, not even a NaN. They must be there
                         // even so.
  float beta = 0.0f;     // 0: C is not read.
  void* mask = nullptr;  // With a stored dropout mask, in the layout that Dropout.store_mask says.
  int64_t mask_bytes = 0;          // The size of mask, to be checked. 0: it is not checked.
  float* bias_gradient = nullptr;  // With a gradient of the bias: [n].
  // With scalars in device memory, in place of alpha and beta: one fp32 each. device_beta is for an
  // accumulated source only. C must then be there for any beta.
  const float* device_alpha = nullptr;
  const float* device_beta = nullptr;
  uint64_t seed = 0;  // For stochastic rounding and dropout.
  // For the same. Must be below 2^48. Use the next value for each launch. A backward launch takes
  // the value of its forward launch: docs/dropout.md.
  uint64_t offset = kNoLaunchOffset;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_GEMM_H_
