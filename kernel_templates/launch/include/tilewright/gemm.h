// What a launch of a GEMM takes.
#ifndef TILEWRIGHT_GEMM_H_
#define TILEWRIGHT_GEMM_H_

#include <cstdint>

namespace tilewright {

// In the place of a batch stride of A, B or C: all batches share the one matrix. D and aux have one
// a batch.
inline constexpr int64_t kBatchBroadcast = -1;

// In the place of an offset: none was given.
inline constexpr uint64_t kNoLaunchOffset = UINT64_MAX;

// Device pointers and scalars of one GEMM launch. Row-major; types, shape and strides are the
// problem's. The launch is asynchronous: memory must stay valid until the stream has passed it.
struct GemmArguments {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;  // With a source (beta * C or residual). Not read, and may be null,
                            // where it is accumulated with a beta of 0 that is passed by value. May
                            // be D, but for a residual where there is dropout: INVALID_ARGUMENT.
  void* d = nullptr;
  const void* bias = nullptr;  // With a bias: [n] or [m].
  void* aux = nullptr;         // With an auxiliary tensor: [m, n], written, or read by a gradient,
                               // of which it must not be D.
  float* amax = nullptr;       // With amax: one fp32; zeroed by the launch.
  uint32_t* non_finite = nullptr;  // With the non-finite flag: one word; zeroed by the launch.
  const float* scale_a = nullptr;  // With a scaling mode: laid out as ScalingMode says.
  const float* scale_b = nullptr;
  const float* scale_d = nullptr;  // With scale_d: one fp32.
  int64_t scale_a_elements = 0;    // What scale_a has, checked against the shape; 0: not told.
  int64_t scale_b_elements = 0;
  void* workspace = nullptr;  // At least Kernel::WorkspaceBytes of the shape, 16-byte aligned.
  int64_t workspace_bytes = 0;
  float alpha = 1.0f;      // 0: nothing of A and B reaches D, not even a NaN. They must be there.
  float beta = 0.0f;       // 0: C is not read.
  void* mask = nullptr;    // With a stored dropout mask: laid out as Dropout.store_mask says.
  int64_t mask_bytes = 0;  // What it has room for, checked against the shape; 0: not told.
  float* bias_gradient = nullptr;  // With a gradient of the bias: [n].
  // With scalars in device memory, in the place of alpha and beta: one fp32 each; beta with an
  // accumulated source, where C must then be there for any beta.
  const float* device_alpha = nullptr;
  const float* device_beta = nullptr;
  uint64_t seed = 0;  // Stochastic rounding and dropout.
  // As seed. Must be below 2^48. Use the next value for each launch; a backward launch takes the
  // value of its forward launch: docs/dropout.md.
  uint64_t offset = kNoLaunchOffset;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_GEMM_H_
