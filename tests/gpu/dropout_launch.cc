#include "tests/gpu/dropout_launch.h"

#include <algorithm>
#include <limits>

#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"

namespace tilewright {
namespace {

DeviceMemory Constant(const DeviceSession& session, const MatrixLayout& layout, float value) {
  const auto elements = static_cast<std::size_t>(layout.SpanBytes() / StorageBytes(layout.type));
  if (layout.type == v1::DATA_TYPE_FP32) return session.Upload(std::vector<float>(elements, value));
  EXPECT_EQ(layout.type, v1::DATA_TYPE_BF16);
  return session.Upload(std::vector<uint16_t>(elements, ToBf16(value)));
}

std::vector<float> Values(const DeviceSession& session, const DeviceMemory& memory,
                          v1::DataType type) {
  if (type == v1::DATA_TYPE_FP32) return session.Download<float>(memory);
  std::vector<float> values;
  for (const uint16_t half : session.Download<uint16_t>(memory)) values.push_back(FromBf16(half));
  return values;
}

DropoutMask MaskOf(const v1::GemmProblem& problem, const DropoutInputs& inputs) {
  const v1::Dropout& dropout = problem.epilogue().dropout();
  return {inputs.seed, inputs.offset, dropout.philox_rounds(),
          QuantizeProbability(dropout.probability())};
}

int64_t MaskBytes(const v1::GemmProblem& problem) {
  if (!StoresMask(problem.epilogue())) return 0;
  return problem.batch() * problem.m() * PackedMaskRowBytes(problem.n());
}

}  // namespace

DropoutOutputs LaunchDropout(const DeviceSession& session, const v1::GemmProblem& problem,
                             const v1::Kernel& kernel, const DropoutInputs& inputs) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  DropoutOutputs outputs;
  const auto launcher = GemmLauncher::Create(session.driver(), kernel);
  EXPECT_TRUE(launcher.ok()) << launcher.status();
  if (!launcher.ok()) return outputs;
  const MatrixLayout d_layout = LayoutOf(problem, v1::OPERAND_D);
  const DeviceMemory a = Constant(session, LayoutOf(problem, v1::OPERAND_A), inputs.a);
  const DeviceMemory b = Constant(session, LayoutOf(problem, v1::OPERAND_B), inputs.b);
  const DeviceMemory d = Constant(session, d_layout, kNan);
  const DeviceMemory mask = session.Upload(std::vector<uint8_t>(
      static_cast<std::size_t>(std::max<int64_t>(MaskBytes(problem), 1)), 0xFF));
  const DeviceMemory sums =
      session.Upload(std::vector<float>(static_cast<std::size_t>(problem.n()), kNan));
  const DeviceMemory flag = session.Upload(std::vector<uint32_t>{7});
  const DeviceMemory workspace =
      *DeviceMemory::Allocate(session.driver(), (*launcher)->WorkspaceBytes(problem));
  DeviceMemory aux;
  GemmArguments operands;
  if (HasAux(problem.epilogue())) {
    aux = Constant(session, LayoutOf(problem, v1::OPERAND_AUX), inputs.z);
    operands.aux = aux.pointer();
  }
  operands.a = a.pointer();
  operands.b = b.pointer();
  operands.d = d.pointer();
  operands.mask = mask.pointer();
  operands.mask_bytes = mask.bytes();
  operands.bias_gradient = static_cast<float*>(sums.pointer());
  operands.non_finite = static_cast<uint32_t*>(flag.pointer());
  operands.workspace = workspace.pointer();
  operands.workspace_bytes = workspace.bytes();
  operands.alpha = inputs.alpha;
  operands.seed = inputs.seed;
  operands.offset = inputs.offset;
  const absl::Status status = (*launcher)->Launch(problem, operands, session.stream());
  EXPECT_TRUE(status.ok()) << status;
  outputs.d = Values(session, d, d_layout.type);
  if (MaskBytes(problem) > 0) outputs.mask = session.Download<uint8_t>(mask);
  if (problem.epilogue().bias_gradient()) outputs.bias_gradient = session.Download<float>(sums);
  outputs.non_finite = session.Download<uint32_t>(flag).at(0);
  return outputs;
}

std::vector<uint8_t> ExpectedMask(const v1::GemmProblem& problem, const DropoutInputs& inputs) {
  std::vector<uint8_t> packed;
  for (int64_t batch = 0; batch < problem.batch(); ++batch) {
    const MaskRegion region = {static_cast<uint32_t>(batch), 0, 0, problem.m(), problem.n()};
    const std::vector<uint8_t> one = PackMask(MaskOf(problem, inputs), region);
    packed.insert(packed.end(), one.begin(), one.end());
  }
  return packed;
}

bool KeepsElement(const v1::GemmProblem& problem, const DropoutInputs& inputs, std::size_t i) {
  const auto n = static_cast<std::size_t>(problem.n());
  const auto m = static_cast<std::size_t>(problem.m());
  return MaskOf(problem, inputs)
      .Keeps(static_cast<uint32_t>(i / n / m), static_cast<uint32_t>(i / n % m),
             static_cast<uint32_t>(i % n));
}

std::string VariantName(const v1::Kernel& kernel) { return kernel.variant().ShortDebugString(); }

}  // namespace tilewright
