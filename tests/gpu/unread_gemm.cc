#include "tests/gpu/unread_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/tuner/codegen/gemm_problems.h"

namespace tilewright {
namespace {

constexpr float kAlphas[] = {0.0f, 1.0f, -0.5f};
constexpr float kBetas[] = {0.0f, 1.0f, 2.0f};

// What pads the scales of blocks of B is none of them.
MatrixLayout ScalesOf(const v1::GemmProblem& problem, v1::Operand operand) {
  MatrixLayout layout = VectorLayout(v1::DATA_TYPE_FP32, ScaleElements(problem, operand));
  if (operand == v1::OPERAND_SCALE_B && problem.scaling_mode() == v1::SCALING_MODE_BLOCK_128) {
    layout.rows = problem.batch() * ((problem.n() + 127) / 128);
    layout.columns = (problem.k() + 127) / 128;
    layout.row_stride /= layout.rows;
  }
  return layout;
}

// One rounding of D, and some of fp32 with scales and alpha before.
bool IsNear(float value, float expected, v1::DataType type) {
  const int bits = StorageBytes(type) == 1      ? 4
                   : type == v1::DATA_TYPE_BF16 ? 8
                   : StorageBytes(type) == 2    ? 11
                                                : 20;
  return std::abs(value - expected) <= std::ldexp(std::abs(expected), -bits);
}

}  // namespace

UnreadGemm::UnreadGemm(const DeviceSession& session, const v1::GemmProblem& problem)
    : session_(session),
      problem_(problem),
      a_(LayoutOf(problem, v1::OPERAND_A), 1),
      b_(LayoutOf(problem, v1::OPERAND_B), 2),
      c_(LayoutOf(problem, v1::OPERAND_C), 3),
      bias_(VectorLayout(problem.epilogue().bias_type(), BiasElements(problem)), 6),
      scale_a_(ScalesOf(problem, v1::OPERAND_SCALE_A), 7),
      scale_b_(ScalesOf(problem, v1::OPERAND_SCALE_B), 8) {
  for (GuardedTensor* scale : {&scale_a_, &scale_b_}) {
    if (!scale->layout().used()) continue;
    // Powers of two.
    for (int64_t row = 0; row < scale->layout().rows; ++row) {
      for (int64_t column = 0; column < scale->layout().columns; ++column) {
        float& value = scale->At(0, row, column);
        value = std::ldexp(1.0f, static_cast<int>(value));
      }
    }
  }
  Multiply();
}

void UnreadGemm::ExpectIgnored(const std::string& name, int64_t workspace_bytes,
                               const LaunchOne& launch) {
  for (const float alpha : kAlphas) {
    if (problem_.d_type() == v1::DATA_TYPE_INT32 && alpha != 1.0f) continue;
    for (const float beta : kBetas) {
      if (!Accumulates() && beta != 0) continue;
      Expect(absl::StrCat(name, ", alpha ", alpha, ", beta ", beta), workspace_bytes, launch, alpha,
             beta);
    }
  }
}

void UnreadGemm::Multiply() {
  products_.resize(static_cast<std::size_t>(problem_.batch() * problem_.m() * problem_.n()));
  const bool a_turned = problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  const bool b_turned = problem_.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
    for (int64_t i = 0; i < problem_.m(); ++i) {
      for (int64_t j = 0; j < problem_.n(); ++j) {
        float sum = 0;
        for (int64_t k = 0; k < problem_.k(); ++k) {
          const float a = a_turned ? a_.At(batch, k, i) : a_.At(batch, i, k);
          const float b = b_turned ? b_.At(batch, j, k) : b_.At(batch, k, j);
          if (a != 0 && b != 0) sum += a * b * Scale(batch, i, j, k);
        }
        Product(batch, i, j) = sum;
      }
    }
  }
}

float UnreadGemm::Scale(int64_t batch, int64_t row, int64_t column, int64_t depth) {
  const int64_t blocks = (problem_.k() + 127) / 128;
  switch (problem_.scaling_mode()) {
    case v1::SCALING_MODE_PER_TENSOR:
      return scale_a_.At(0, 0, 0) * scale_b_.At(0, 0, 0);
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return scale_a_.At(0, 0, batch * problem_.m() + row) *
             scale_b_.At(0, 0, batch * problem_.n() + column);
    case v1::SCALING_MODE_BLOCK_128:
      return scale_a_.At(0, 0, (batch * blocks + depth / 128) * problem_.m() + row) *
             scale_b_.At(0, batch * ((problem_.n() + 127) / 128) + column / 128, depth / 128);
    default:
      return 1;
  }
}

void UnreadGemm::Expect(const std::string& name, int64_t workspace_bytes, const LaunchOne& launch,
                        float alpha, float beta) {
  const v1::Epilogue& epilogue = problem_.epilogue();
  GuardedTensor d(LayoutOf(problem_, v1::OPERAND_D), 4);
  GuardedTensor aux(LayoutOf(problem_, v1::OPERAND_AUX), 5);
  a_.Upload(session_, alpha != 0);
  b_.Upload(session_, alpha != 0);
  d.Upload(session_, false);
  GemmArguments operands;
  operands.a = a_.pointer();
  operands.b = b_.pointer();
  operands.d = d.pointer();
  if (c_.layout().used()) {
    c_.Upload(session_, beta != 0);
    operands.c = c_.pointer();
  }
  if (bias_.layout().used()) {
    bias_.Upload(session_, true);
    operands.bias = bias_.pointer();
  }
  if (aux.layout().used()) {
    // Of a gradient without an activation nobody reads it.
    aux.Upload(session_, false);
    operands.aux = aux.pointer();
  }
  for (auto& [scale, pointer] :
       {std::pair<GuardedTensor&, const float*&>(scale_a_, operands.scale_a),
        std::pair<GuardedTensor&, const float*&>(scale_b_, operands.scale_b)}) {
    if (!scale.layout().used()) continue;
    scale.Upload(session_, alpha != 0);
    pointer = static_cast<const float*>(scale.pointer());
  }
  const DeviceMemory workspace = session_.Upload(
      std::vector<uint8_t>(static_cast<std::size_t>(std::max<int64_t>(workspace_bytes, 1)), 0xFF));
  operands.workspace = workspace.pointer();
  operands.workspace_bytes = workspace_bytes;
  const DeviceMemory amax = session_.Upload(std::vector<float>{std::nanf("")});
  const DeviceMemory flag = session_.Upload(std::vector<uint32_t>{7});
  operands.amax = static_cast<float*>(amax.pointer());
  operands.non_finite = static_cast<uint32_t*>(flag.pointer());
  const DeviceMemory scalars = session_.Upload(std::vector<float>{alpha, beta});
  if (epilogue.device_scalars()) {
    operands.device_alpha = static_cast<const float*>(scalars.pointer());
    operands.device_beta = operands.device_alpha + 1;
    operands.alpha = operands.beta = std::nanf("");
  } else {
    operands.alpha = alpha;
    operands.beta = beta;
  }
  const absl::Status status = launch(operands);
  ASSERT_TRUE(status.ok()) << name << ": " << status;
  session_.Synchronize();
  d.Download(session_);
  if (WritesAux(problem_.epilogue())) aux.Download(session_);
  if (epilogue.non_finite_flag()) {
    EXPECT_EQ(session_.Download<uint32_t>(flag)[0], 0u) << name;
  }
  if (epilogue.amax()) {
    EXPECT_TRUE(std::isfinite(session_.Download<float>(amax)[0])) << name;
  }
  int wrong = 0;
  for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
    for (int64_t i = 0; i < problem_.m(); ++i) {
      for (int64_t j = 0; j < problem_.n(); ++j) {
        float z = alpha == 0 ? 0.0f : alpha * Product(batch, i, j);
        if (bias_.layout().used()) z += bias_.At(0, 0, j);
        if (Accumulates() && beta != 0) z += beta * c_.At(batch, i, j);
        float expected = z;
        if (epilogue.activation() == v1::ACTIVATION_RELU) expected = std::max(z, 0.0f);
        const bool is_right = IsNear(d.At(batch, i, j), expected, problem_.d_type()) &&
                              (!WritesAux(problem_.epilogue()) ||
                               IsNear(aux.At(batch, i, j), z, epilogue.aux_type()));
        if (!is_right && ++wrong == 1) {
          ADD_FAILURE() << name << ": batch " << batch << " row " << i << " column " << j << " is "
                        << d.At(batch, i, j) << ", not " << expected;
        }
      }
    }
  }
  EXPECT_EQ(wrong, 0) << name << ": of " << products_.size() << " elements";
  // Where C is not read it need not be there.
  if (!Accumulates() || beta != 0 || epilogue.device_scalars() || operands.c == nullptr) return;
  d.Upload(session_, false);
  operands.c = nullptr;
  operands.d = d.pointer();
  const absl::Status without = launch(operands);
  ASSERT_TRUE(without.ok()) << name << ": " << without;
  session_.Synchronize();
  GuardedTensor again(d.layout(), 4);
  again.Take(d);
  again.Download(session_);
  for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
    for (int64_t i = 0; i < problem_.m(); ++i) {
      for (int64_t j = 0; j < problem_.n(); ++j) {
        ASSERT_EQ(again.At(batch, i, j), d.At(batch, i, j)) << name << ", C null";
      }
    }
  }
}

v1::Problem Padded(v1::DataType input, v1::DataType output, int64_t m, int64_t n, int64_t k,
                   bool accumulates) {
  v1::Problem problem = Gemm(m, n, k, input, output);
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  const int64_t step = 16;
  gemm.set_lda((k / step + 2) * step);
  gemm.set_ldb((k / step + 3) * step);
  gemm.set_ldd((n / step + 2) * step);
  if (!accumulates) return problem;
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  if (output == v1::DATA_TYPE_E4M3) {
    gemm.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  }
  gemm.set_ldc((n / step + 3) * step);
  return problem;
}

}  // namespace tilewright
