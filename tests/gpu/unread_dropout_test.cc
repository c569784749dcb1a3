// What a fused dropout drops does not matter, whatever it holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "proto/problem/dropout_mask.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/guarded_tensor.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"

namespace tilewright {
namespace {

// What dropout drops is not read: a launch in this process over rows that NaN pads, with NaN in
// every dropped element of x, or of the gradient.
TEST(UnreadDropoutTest, WhatAFusedDropoutDrops) {
  constexpr int64_t kRows = 37;
  constexpr int64_t kColumns = 203;
  const DeviceSession session;
  const DropoutMask mask{.seed = 7,
                         .offset = (uint64_t{3} << 40) + 5,
                         .rounds = 7,
                         .threshold = QuantizeProbability(0.5)};
  const auto keeps = [&](int64_t row, int64_t column) {
    return mask.Keeps(0, static_cast<uint32_t>(row), static_cast<uint32_t>(column));
  };
  MatrixLayout layout = VectorLayout(v1::DATA_TYPE_BF16, kColumns);
  layout.rows = kRows;
  for (const int64_t stride : {kColumns, int64_t{224}}) {
    layout.row_stride = stride;
    for (const char* operation : {"DROPOUT", "BIAS_DROPOUT_RESIDUAL", "BIAS_ACTIVATION_DROPOUT"}) {
      for (const char* direction : {"", " backward: true"}) {
        const bool backward = *direction != '\0';
        const std::string fields =
            absl::StrCat("rows: ", kRows, " columns: ", kColumns, " x_stride: ", stride,
                         " y_stride: ", stride, " operation: DROPOUT_OPERATION_", operation,
                         " dropout { probability: 0.5 }", direction);
        const v1::Problem problem = FusedDropoutOf(fields);
        GuardedTensor input(layout, 11);
        GuardedTensor residual(VectorLayout(v1::DATA_TYPE_BF16, kRows * kColumns), 12);
        GuardedTensor bias(VectorLayout(v1::DATA_TYPE_BF16, kColumns), 13);
        std::vector<float> kept(static_cast<std::size_t>(kRows * kColumns));
        for (int64_t row = 0; row < kRows; ++row) {
          for (int64_t column = 0; column < kColumns; ++column) {
            float& value = input.At(0, row, column);
            kept[static_cast<std::size_t>(row * kColumns + column)] = value;
            if (!keeps(row, column)) value = std::nanf("");
          }
        }
        input.Upload(session, true);
        residual.Upload(session, true);
        bias.Upload(session, true);
        for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 4, false))) {
          SCOPED_TRACE(absl::StrCat(fields, ", ", kernel.variant().ShortDebugString()));
          const auto launcher = FusedDropoutLauncher::Create(session.driver(), kernel);
          ASSERT_TRUE(launcher.ok()) << launcher.status();
          GuardedTensor output(layout, 14);
          output.Upload(session, false);
          const DeviceMemory sums = session.Upload(std::vector<float>(kColumns, std::nanf("")));
          const int64_t workspace_bytes = (*launcher)->WorkspaceBytes(problem.fused_dropout());
          const DeviceMemory workspace = session.Upload(std::vector<uint8_t>(
              static_cast<std::size_t>(std::max<int64_t>(workspace_bytes, 1)), 0xFF));
          FusedDropoutArguments operands;
          operands.x = operands.dy = input.pointer();
          operands.y = operands.dx = output.pointer();
          operands.bias = bias.pointer();
          operands.residual = residual.pointer();
          operands.bias_gradient = static_cast<float*>(sums.pointer());
          operands.workspace = workspace.pointer();
          operands.workspace_bytes = workspace_bytes;
          operands.seed = mask.seed;
          operands.offset = mask.offset;
          const absl::Status status =
              (*launcher)->Launch(problem.fused_dropout(), operands, session.stream());
          ASSERT_TRUE(status.ok()) << status;
          session.Synchronize();
          output.Download(session);
          const bool has_bias = std::string(operation) != "DROPOUT";
          const bool has_residual = std::string(operation) == "BIAS_DROPOUT_RESIDUAL";
          std::vector<float> totals(kColumns);
          for (int64_t row = 0; row < kRows; ++row) {
            for (int64_t column = 0; column < kColumns; ++column) {
              float expected = 0;
              if (keeps(row, column)) {
                expected = 2 * kept[static_cast<std::size_t>(row * kColumns + column)];
                if (has_bias && !backward) expected += 2 * bias.At(0, 0, column);
              }
              totals[static_cast<std::size_t>(column)] += expected;
              if (has_residual && !backward) {
                expected += residual.At(0, 0, row * kColumns + column);
              }
              ASSERT_EQ(output.At(0, row, column), expected) << row << ", " << column;
            }
          }
          if (backward && has_bias) {
            EXPECT_EQ(session.Download<float>(sums), totals);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace tilewright
