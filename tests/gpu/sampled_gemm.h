#ifndef TILEWRIGHT_TESTS_GPU_SAMPLED_GEMM_H_
#define TILEWRIGHT_TESTS_GPU_SAMPLED_GEMM_H_

#include <cstdint>
#include <vector>

#include "tests/gpu/device_gemm.h"
#include "tilewright/kernel.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Real operands of one bf16 GEMM, D[m,n] = epilogue(A[m,k] . B[n,k]^T), on the GPU: random A and B,
// a random bias per column where the problem has one, D full of NaN. One use: launch, then check.
class SampledGemm {
 public:
  SampledGemm(const DeviceSession& session, const v1::GemmProblem& problem,
              int64_t workspace_bytes);

  const GemmArguments& arguments() const { return arguments_; }

  // Waits for the stream and fails the current test where an element of D, of some hundred and
  // the corners, is not what the host computes in double.
  void ExpectSound() const;

 private:
  double Reference(int64_t row, int64_t column) const;

  const DeviceSession& session_;
  const v1::GemmProblem problem_;
  const std::vector<uint16_t> a_;
  const std::vector<uint16_t> b_;
  const std::vector<uint16_t> bias_;
  DeviceMemory device_a_;
  DeviceMemory device_b_;
  DeviceMemory device_bias_;
  DeviceMemory device_d_;
  DeviceMemory workspace_;
  GemmArguments arguments_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_SAMPLED_GEMM_H_
