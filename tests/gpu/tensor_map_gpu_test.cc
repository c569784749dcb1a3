// A tensor map that EncodeTensorMap made, read by the TMA unit itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernel_templates/launch/gemm/tensor_map.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"

namespace tilewright {
namespace {

constexpr int kBoxInner = 64;
constexpr int kBoxOuter = 8;
constexpr int kBoxElements = kBoxInner * kBoxOuter;

// Copies the box at (x, y, z) to `out`.
constexpr char kCopyBox[] = R"(
struct alignas(64) TensorMap { unsigned long long opaque[16]; };

extern "C" __global__ void copy_box(const __grid_constant__ TensorMap map, int x, int y, int z,
                                    int bytes, unsigned char* out) {
  __shared__ alignas(128) unsigned char tile[2048];
  __shared__ alignas(8) unsigned long long barrier;
  const unsigned bar = (unsigned)__cvta_generic_to_shared(&barrier);
  const unsigned to = (unsigned)__cvta_generic_to_shared(tile);
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(bar) : "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(bar), "r"(bytes)
                 : "memory");
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%2, %3, %4}], [%5];"
                 ::"r"(to), "l"(&map), "r"(x), "r"(y), "r"(z), "r"(bar)
                 : "memory");
  }
  __syncthreads();
  unsigned done = 0;
  while (!done) {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], 0;"
                 " selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(bar) : "memory");
  }
  for (int i = threadIdx.x; i < bytes; i += blockDim.x) out[i] = tile[i];
}
)";

class TensorMapGpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (GpuMachine::Get().silicon().compute_capability() < 90) {
      GTEST_SKIP() << "this GPU has no TMA unit";
    }
    spec_.set_operand(v1::OPERAND_A);
    spec_.set_box_inner(kBoxInner);
    spec_.set_box_outer(kBoxOuter);
  }

  std::string Compile() {
    std::string cubin;
    const absl::Status status = GpuMachine::Get().compiler().CompileAll(
        {{kCopyBox, GpuMachine::Get().architecture(), {"copy_box"}}}, Cancellation(),
        [&](std::size_t, CompileOutcome outcome) {
          const auto* code = std::get_if<CompiledCode>(&outcome);
          ASSERT_NE(code, nullptr) << std::get<v1::Failure>(outcome).message();
          cubin = code->cubin;
        });
    EXPECT_TRUE(status.ok()) << status;
    return cubin;
  }

  std::vector<uint16_t> CopyBox(CUfunction function, CUtensorMap map, int x, int y, int z) {
    const DeviceMemory out = session_.Upload(std::vector<uint16_t>(kBoxElements, 0xFFFF));
    int bytes = kBoxElements * static_cast<int>(sizeof(uint16_t));
    CUdeviceptr address = out.address();
    void* parameters[] = {&map, &x, &y, &z, &bytes, &address};
    CUlaunchConfig config{};
    config.gridDimX = config.gridDimY = config.gridDimZ = 1;
    config.blockDimX = 128;
    config.blockDimY = config.blockDimZ = 1;
    config.hStream = session_.stream();
    EXPECT_EQ(session_.driver().cuLaunchKernelEx(&config, function, parameters, nullptr),
              CUDA_SUCCESS);
    return session_.Download<uint16_t>(out);
  }

  // Every element of `problem`'s operand differs from its neighbours. Boxes inside, over each edge
  // and in the last batch come as they lie, with zeros beyond the edge.
  void ExpectBoxes(const v1::GemmProblem& problem) {
    const MatrixLayout layout = LayoutOf(problem, spec_.operand());
    std::vector<uint16_t> values(static_cast<std::size_t>(layout.SpanBytes()) / 2);
    std::iota(values.begin(), values.end(), uint16_t{1});
    const DeviceMemory memory = session_.Upload(values);
    const auto map = EncodeTensorMap(session_.driver(), spec_, problem, memory.pointer());
    ASSERT_TRUE(map.ok()) << map.status();
    const auto library = CudaLibrary::LoadCubin(session_.driver(), Compile());
    ASSERT_TRUE(library.ok()) << library.status();
    const auto function = library->Function("copy_box");
    ASSERT_TRUE(function.ok()) << function.status();
    for (const auto& [x, y, z] : {std::tuple{0, 0, 0}, std::tuple{8, 4, 1}, std::tuple{64, 0, 1},
                                  std::tuple{0, 16, 2}, std::tuple{64, 16, 2}}) {
      std::vector<uint16_t> expected;
      for (int row = y; row < y + kBoxOuter; ++row) {
        for (int column = x; column < x + kBoxInner; ++column) {
          const bool inside = row < layout.rows && column < layout.columns;
          const int64_t at = z * layout.batch_stride + row * layout.row_stride + column;
          expected.push_back(inside ? values[static_cast<std::size_t>(at)] : uint16_t{0});
        }
      }
      EXPECT_EQ(CopyBox(*function, *map, x, y, z), expected) << x << ", " << y << ", " << z;
    }
  }

  DeviceSession session_;
  v1::TensorMapSpec spec_;
};

v1::Problem Batched() {
  v1::Problem problem = Gemm(20, 24, 72, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->set_batch(3);
  problem.mutable_gemm()->set_lda(80);
  problem.mutable_gemm()->set_ldb(88);
  return problem;
}

TEST_F(TensorMapGpuTest, ReadsTheFirstOperand) { ExpectBoxes(Canonicalize(Batched())->gemm()); }

TEST_F(TensorMapGpuTest, ReadsTheSecondOperandInBothLayouts) {
  spec_.set_operand(v1::OPERAND_B);
  ExpectBoxes(Canonicalize(Batched())->gemm());
  v1::Problem normal = Batched();
  normal.mutable_gemm()->set_b_layout(v1::OPERAND_LAYOUT_NORMAL);
  ExpectBoxes(Canonicalize(normal)->gemm());
}

TEST_F(TensorMapGpuTest, EverySwizzleThatABoxFitsIsTaken) {
  const v1::GemmProblem problem = Canonicalize(Batched())->gemm();
  const DeviceMemory memory = session_.Upload(std::vector<uint16_t>(
      static_cast<std::size_t>(LayoutOf(problem, v1::OPERAND_A).SpanBytes()) / 2));
  for (const int swizzle : {32, 64, 128}) {
    spec_.set_swizzle_bytes(swizzle);
    spec_.set_box_inner(swizzle / 2);
    EXPECT_TRUE(EncodeTensorMap(session_.driver(), spec_, problem, memory.pointer()).ok());
    spec_.set_box_inner(swizzle);
    EXPECT_EQ(
        ReasonOf(EncodeTensorMap(session_.driver(), spec_, problem, memory.pointer()).status()),
        "TENSOR_MAP_REFUSED");
  }
}

}  // namespace
}  // namespace tilewright
