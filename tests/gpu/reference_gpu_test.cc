// What checks the kernels is itself checked, against a plain loop on the host.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "proto/problem/data_type.h"
#include "proto/problem/problem.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/bench/device_tensors.h"
#include "tuner/bench/gemm_reference.h"
#include "tuner/bench/reference_kernels.h"
#include "tuner/profile/reference_units.h"

namespace tilewright {
namespace {

double Element(const std::vector<uint8_t>& bytes, int64_t index, v1::DataType type) {
  const uint8_t* at = bytes.data() + index * StorageBytes(type);
  switch (type) {
    case v1::DATA_TYPE_INT8:
      return static_cast<int8_t>(*at);
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16: {
      uint16_t bits;
      std::memcpy(&bits, at, sizeof(bits));
      return type == v1::DATA_TYPE_FP16 ? FromFp16(bits) : FromBf16(bits);
    }
    default: {
      float value;
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
  }
}

class ReferenceTest : public ::testing::Test {
 protected:
  ReferenceKernels LoadKernels(const v1::GemmProblem& gemm) {
    GpuMachine& machine = GpuMachine::Get();
    std::vector<CompileJob> jobs;
    v1::Problem problem;
    *problem.mutable_gemm() = gemm;
    for (ReferenceUnit& unit : ReferenceUnits(problem)) {
      jobs.push_back(
          {std::move(unit.source), machine.architecture(), std::move(unit.entry_symbols)});
    }
    std::vector<std::string> cubins;
    const absl::Status status = machine.compiler().CompileAll(
        std::move(jobs), Cancellation(), [&](std::size_t, CompileOutcome outcome) {
          const auto* code = std::get_if<CompiledCode>(&outcome);
          ASSERT_NE(code, nullptr) << std::get<v1::Failure>(outcome).message();
          cubins.push_back(code->cubin);
        });
    EXPECT_TRUE(status.ok()) << status;
    return *ReferenceKernels::Load(session_.driver(), session_.stream(), cubins);
  }

  DeviceTensors AllocateInputs(const v1::GemmProblem& gemm) {
    return *DeviceTensors::Allocate(session_.driver(), TensorsOf(gemm), /*written=*/false);
  }

  std::vector<uint8_t> Bytes(const DeviceTensors& inputs, GemmTensor tensor) {
    const DeviceTensor* const input = inputs.Find(static_cast<int>(tensor));
    if (input == nullptr) return {};
    const GuardedBuffer& buffer = input->memory;
    const auto all = session_.Download<uint8_t>(buffer.memory());
    return {all.begin() + buffer.guard_bytes(),
            all.begin() + buffer.guard_bytes() + buffer.bytes()};
  }

  // D as a plain loop on the host computes it from the GPU's inputs.
  double OnHost(const v1::GemmProblem& gemm, const GemmReference& reference, int64_t batch,
                int64_t row, int64_t column) {
    const MatrixLayout a = LayoutOf(gemm, v1::OPERAND_A);
    const MatrixLayout b = LayoutOf(gemm, v1::OPERAND_B);
    const MatrixLayout c = LayoutOf(gemm, v1::OPERAND_C);
    double sum = 0;
    for (int64_t i = 0; i < gemm.k(); ++i) {
      const bool a_t = gemm.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
      const bool b_t = gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
      const int64_t a_place = a_t ? i * a.row_stride + row : row * a.row_stride + i;
      const int64_t b_place = b_t ? column * b.row_stride + i : i * b.row_stride + column;
      sum += Element(a_bytes_, batch * a.batch_stride + a_place, a.type) *
             Element(b_bytes_, batch * b.batch_stride + b_place, b.type);
    }
    GemmArguments operands;
    reference.SetScalars(operands);
    double z = static_cast<double>(operands.alpha) * sum;
    if (gemm.epilogue().bias_mode() == v1::BIAS_MODE_PER_ROW) {
      z += Element(bias_bytes_, row, gemm.epilogue().bias_type());
    } else if (BiasElements(gemm) > 0) {
      z += Element(bias_bytes_, column, gemm.epilogue().bias_type());
    }
    const double source =
        c.used() ? Element(c_bytes_, batch * c.batch_stride + row * c.row_stride + column, c.type)
                 : 0;
    const bool residual = gemm.epilogue().source_mode() == v1::SOURCE_MODE_RESIDUAL;
    if (!residual && c.used()) z += static_cast<double>(operands.beta) * source;
    const double h = gemm.epilogue().activation() == v1::ACTIVATION_GELU_ERF
                         ? 0.5 * z * std::erfc(-z / std::sqrt(2.0))
                     : gemm.epilogue().activation() == v1::ACTIVATION_RELU ? std::max(z, 0.0)
                                                                           : z;
    return residual ? h + source : h;
  }

  // Puts host results into an fp32 D and has the GPU judge them, one of them spoiled.
  void ExpectAgreement(const v1::Problem& requested, bench::InputKind kind) {
    const v1::Problem problem = *Canonicalize(requested);
    const v1::GemmProblem& gemm = problem.gemm();
    const ReferenceKernels kernels = LoadKernels(gemm);
    const DeviceTensors inputs = AllocateInputs(gemm);
    GemmReference reference(gemm);
    ASSERT_TRUE(reference.Allocate(session_.driver()).ok());
    ASSERT_TRUE(reference.MakeInputs(kind, inputs, kernels).ok());
    ASSERT_TRUE(reference.Compute(kernels).ok());
    a_bytes_ = Bytes(inputs, GemmTensor::kA);
    b_bytes_ = Bytes(inputs, GemmTensor::kB);
    c_bytes_ = Bytes(inputs, GemmTensor::kC);
    bias_bytes_ = Bytes(inputs, GemmTensor::kBias);
    const MatrixLayout d = LayoutOf(gemm, v1::OPERAND_D);
    std::vector<float> host(static_cast<std::size_t>(d.SpanBytes() / 4), NAN);
    for (int64_t batch = 0; batch < gemm.batch(); ++batch) {
      for (int64_t row = 0; row < gemm.m(); ++row) {
        for (int64_t column = 0; column < gemm.n(); ++column) {
          host[static_cast<std::size_t>(batch * d.batch_stride + row * d.row_stride + column)] =
              static_cast<float>(OnHost(gemm, reference, batch, row, column));
        }
      }
    }
    const CheckCounts agreed = Compare(gemm, reference, kernels, host);
    EXPECT_EQ(agreed.wrong, 0u) << DescribeProblem(problem);
    EXPECT_LT(RelativeError(agreed), 1e-6) << DescribeProblem(problem);
    host[static_cast<std::size_t>(d.row_stride + 2)] += 100.0f;
    const CheckCounts spoiled = Compare(gemm, reference, kernels, host);
    EXPECT_GE(spoiled.wrong, 1u) << DescribeProblem(problem);
  }

  CheckCounts Compare(const v1::GemmProblem& gemm, const GemmReference& reference,
                      const ReferenceKernels& kernels, const std::vector<float>& host) {
    const DeviceTensors outputs =
        *DeviceTensors::Allocate(session_.driver(), TensorsOf(gemm), /*written=*/true);
    const DeviceTensor& d = *outputs.Find(static_cast<int>(GemmTensor::kD));
    EXPECT_EQ(session_.driver().cuMemcpyHtoDAsync(d.memory.address(), host.data(),
                                                  host.size() * sizeof(float), session_.stream()),
              CUDA_SUCCESS);
    const DeviceMemory counts = session_.Upload(std::vector<CheckCounts>(1));
    EXPECT_TRUE(reference
                    .Compare(d, outputs, {v1::PRECISION_FP32},
                             static_cast<CheckCounts*>(counts.pointer()), kernels)
                    .ok());
    return session_.Download<CheckCounts>(counts)[0];
  }

  DeviceSession session_;
  std::vector<uint8_t> a_bytes_;
  std::vector<uint8_t> b_bytes_;
  std::vector<uint8_t> c_bytes_;
  std::vector<uint8_t> bias_bytes_;
};

TEST_F(ReferenceTest, AgreesWithTheHostOverTypesAndLayouts) {
  for (const v1::DataType type : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP16,
                                  v1::DATA_TYPE_BF16, v1::DATA_TYPE_INT8}) {
    for (const char* letters : {"NN", "NT", "TN", "TT"}) {
      v1::Problem problem = Gemm(21, 67, 45, type, v1::DATA_TYPE_FP32);
      SetLayout(problem, letters);
      ExpectAgreement(problem, bench::INPUT_KIND_NORMAL);
    }
  }
}

TEST_F(ReferenceTest, AgreesWithTheHostOverBatchesStridesAndEpilogues) {
  for (const auto source : {v1::SOURCE_MODE_ACCUMULATE, v1::SOURCE_MODE_RESIDUAL}) {
    for (const auto bias : {v1::BIAS_MODE_PER_COLUMN, v1::BIAS_MODE_PER_ROW}) {
      v1::Problem problem = Gemm(19, 33, 50, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32);
      v1::GemmProblem& gemm = *problem.mutable_gemm();
      gemm.set_batch(3);
      gemm.set_lda(61);
      gemm.set_ldc(40);
      gemm.set_ldd(35);
      gemm.mutable_epilogue()->set_source_mode(source);
      gemm.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
      gemm.mutable_epilogue()->set_bias_mode(bias);
      gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_ERF);
      ExpectAgreement(problem, bench::INPUT_KIND_NORMAL);
    }
  }
}

TEST_F(ReferenceTest, InputsAreNormalAndDifferByKind) {
  const v1::Problem problem = *Canonicalize(Gemm(512, 64, 512, v1::DATA_TYPE_BF16));
  const ReferenceKernels kernels = LoadKernels(problem.gemm());
  const DeviceTensors inputs = AllocateInputs(problem.gemm());
  GemmReference reference(problem.gemm());
  std::vector<std::vector<uint8_t>> seen;
  for (const auto kind : {bench::INPUT_KIND_NORMAL, bench::INPUT_KIND_TIMED}) {
    ASSERT_TRUE(reference.MakeInputs(kind, inputs, kernels).ok());
    seen.push_back(Bytes(inputs, GemmTensor::kA));
    double sum = 0;
    double squares = 0;
    constexpr int64_t kCount = 512 * 512;
    for (int64_t i = 0; i < kCount; ++i) {
      const double value = Element(seen.back(), i, v1::DATA_TYPE_BF16);
      sum += value;
      squares += value * value;
    }
    EXPECT_NEAR(sum / kCount, 0, 0.01);
    EXPECT_NEAR(squares / kCount, 1, 0.02);
  }
  EXPECT_NE(seen[0], seen[1]);
}

TEST_F(ReferenceTest, AdversarialInputsAreLargeDenormalAndCancel) {
  const v1::Problem problem = *Canonicalize(Gemm(64, 64, 1024, v1::DATA_TYPE_BF16));
  const ReferenceKernels kernels = LoadKernels(problem.gemm());
  const DeviceTensors inputs = AllocateInputs(problem.gemm());
  GemmReference reference(problem.gemm());
  ASSERT_TRUE(reference.MakeInputs(bench::INPUT_KIND_ADVERSARIAL, inputs, kernels).ok());
  const auto a = Bytes(inputs, GemmTensor::kA);
  const auto b = Bytes(inputs, GemmTensor::kB);
  double largest = 0;
  int denormals = 0;
  double sum = 0;
  double size = 0;
  for (int64_t i = 0; i < 1024; ++i) {
    const double x = Element(a, i, v1::DATA_TYPE_BF16);
    const double product = x * Element(b, i, v1::DATA_TYPE_BF16);
    largest = std::max(largest, std::abs(x));
    denormals += x != 0 && std::abs(x) < 0x1p-126;
    sum += product;
    size += std::abs(product);
  }
  EXPECT_GT(largest, 1e5);
  EXPECT_GT(denormals, 20);
  EXPECT_LT(std::abs(sum), 0.5 * size);
}

}  // namespace
}  // namespace tilewright
