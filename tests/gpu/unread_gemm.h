#ifndef TILEWRIGHT_TESTS_GPU_UNREAD_GEMM_H_
#define TILEWRIGHT_TESTS_GPU_UNREAD_GEMM_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/guarded_tensor.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// The operands of a problem, and what D must be of every alpha and beta: {0, 1, others}, by value
// and from device memory. NaN is in all that is then left out: C where beta is 0, A, B and their
// scales where alpha is; the padding of every row and scale, what lies around every tensor, the
// workspace and D. Operands are small whole numbers, so that results are exact. Owned by one test;
// one thread.
class UnreadGemm {
 public:
  using LaunchOne = std::function<absl::Status(const GemmArguments&)>;

  UnreadGemm(const DeviceSession& session, const v1::GemmProblem& problem);

  // Launches with every alpha and beta, and looks at D each time.
  void ExpectIgnored(const std::string& name, int64_t workspace_bytes, const LaunchOne& launch);

 private:
  bool Accumulates() const {
    return problem_.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  }

  void Multiply();
  float& Product(int64_t batch, int64_t row, int64_t column) {
    return products_[static_cast<std::size_t>((batch * problem_.m() + row) * problem_.n() +
                                              column)];
  }
  float Scale(int64_t batch, int64_t row, int64_t column, int64_t depth);
  void Expect(const std::string& name, int64_t workspace_bytes, const LaunchOne& launch,
              float alpha, float beta);

  const DeviceSession& session_;
  const v1::GemmProblem problem_;
  GuardedTensor a_;
  GuardedTensor b_;
  GuardedTensor c_;
  GuardedTensor bias_;
  GuardedTensor scale_a_;
  GuardedTensor scale_b_;
  std::vector<float> products_;
};

// Rows and columns that end within a tile, a vector and a block of scales, k within a stage.
v1::Problem Padded(v1::DataType input, v1::DataType output, int64_t m = 141, int64_t n = 152,
                   int64_t k = 88, bool accumulates = true);

// What is multiplied and what comes of it.
struct TypeCase {
  v1::DataType input;
  v1::DataType output;
};
inline constexpr TypeCase kTypes[] = {
    {v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16}, {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32},
    {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16}, {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32},
    {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32}, {v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16}};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_UNREAD_GEMM_H_
