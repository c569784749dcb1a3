// Sizes up to the documented limit, and tensors of more than 2^31 and 2^32 elements. Each test asks
// for tens of GiB and skips where the GPU has less.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tuner/bench/session.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

constexpr int64_t kMost = INT32_MAX;
constexpr double kGibibyte = 1073741824.0;
// Guards, workspaces, the flush of L2, and other cases' workers.
constexpr double kMargin = 6 * kGibibyte;

// The bench worker's own checks, over every element of D.
void ExpectSoundWithin(const GemmCase& one, const std::string& missing) {
  if (!missing.empty()) GTEST_SKIP() << missing;
  ExpectSound({one});
}

class LargeSizesTest : public ::testing::Test {
 protected:
  // What is missing of `bytes`, for people; empty where they are free.
  std::string Missing(double bytes) const {
    std::size_t free = 0;
    std::size_t total = 0;
    EXPECT_EQ(session_.driver().cuMemGetInfo(&free, &total), CUDA_SUCCESS);
    if (bytes + kMargin <= static_cast<double>(free)) return "";
    return absl::StrCat("takes ", static_cast<int64_t>((bytes + kMargin) / kGibibyte),
                        " GiB of GPU memory, ",
                        static_cast<int64_t>(static_cast<double>(free) / kGibibyte), " are free");
  }

  // All bytes are `byte`.
  DeviceMemory Filled(int64_t bytes, unsigned char byte) const {
    DeviceMemory memory = *DeviceMemory::Allocate(session_.driver(), bytes);
    EXPECT_EQ(session_.driver().cuMemsetD8Async(memory.address(), byte,
                                                static_cast<std::size_t>(bytes), session_.stream()),
              CUDA_SUCCESS);
    return memory;
  }

  template <typename T>
  void Put(const DeviceMemory& memory, int64_t index, const std::vector<T>& values) const {
    EXPECT_EQ(session_.driver().cuMemcpyHtoDAsync(
                  memory.address() + static_cast<CUdeviceptr>(index) * sizeof(T), values.data(),
                  values.size() * sizeof(T), session_.stream()),
              CUDA_SUCCESS);
    session_.Synchronize();
  }

  template <typename T>
  std::vector<T> Get(const DeviceMemory& memory, int64_t index, int64_t count) const {
    std::vector<T> values(static_cast<std::size_t>(count));
    EXPECT_EQ(session_.driver().cuMemcpyDtoHAsync(
                  values.data(), memory.address() + static_cast<CUdeviceptr>(index) * sizeof(T),
                  values.size() * sizeof(T), session_.stream()),
              CUDA_SUCCESS);
    session_.Synchronize();
    return values;
  }

  // Of every template that serves `problem` the model's first pick, its first that splits k, and
  // where `unsplit` its first that does not share k among blocks at all.
  static std::vector<v1::Kernel> Kernels(const v1::Problem& problem, bool unsplit) {
    const auto value = [](const v1::Variant& variant, const std::string& name) {
      for (const v1::Parameter& parameter : variant.config().parameters()) {
        if (parameter.name() == name) return parameter.value();
      }
      return int64_t{1};
    };
    std::vector<v1::Variant> variants;
    std::set<std::string> seen;
    for (const RankedVariant& ranked : RankVariants(problem, GpuMachine::Get().silicon())) {
      const v1::Variant& variant = ranked.variant;
      const bool splits = value(variant, "split_k") > 1;
      const bool shares = splits || value(variant, "cluster_k") > 1;
      const std::string& name = variant.template_name();
      const bool is_first = seen.insert(name).second;
      const bool is_first_split = splits && seen.insert(name + " split").second;
      const bool is_first_whole = unsplit && !shares && seen.insert(name + " whole").second;
      if (is_first || is_first_split || is_first_whole) variants.push_back(variant);
    }
    return CompileKernels(problem, variants);
  }

  void Launch(const v1::Kernel& kernel, const v1::Problem& problem, const DeviceMemory& a,
              const DeviceMemory& b, const DeviceMemory& d) const {
    const auto launcher = GemmLauncher::Create(session_.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << launcher.status();
    const DeviceMemory workspace =
        *DeviceMemory::Allocate(session_.driver(), (*launcher)->WorkspaceBytes(problem.gemm()));
    GemmArguments operands;
    operands.a = a.pointer();
    operands.b = b.pointer();
    operands.d = d.pointer();
    operands.workspace = workspace.pointer();
    operands.workspace_bytes = workspace.bytes();
    const absl::Status status = (*launcher)->Launch(problem.gemm(), operands, session_.stream());
    ASSERT_TRUE(status.ok()) << kernel.variant().ShortDebugString() << ": " << status;
    session_.Synchronize();
  }

  DeviceSession session_;
};

// All of A is zero but for single elements along k: the first, the last, and those beside places
// where 32 bits end. B is the same number throughout. So each sum says which elements of A were
// multiplied, and how often.
TEST_F(LargeSizesTest, LongestK) {
  constexpr int64_t kK = kMost - 7;
  constexpr int kRows = 8;
  const v1::Problem problem = *Canonicalize(Gemm(kRows, kRows, kK, v1::DATA_TYPE_BF16));
  const std::string missing = Missing(2.0 * 2 * kRows * static_cast<double>(kK));
  if (!missing.empty()) GTEST_SKIP() << missing;
  const DeviceMemory a = Filled(2 * kRows * kK, 0);
  // Of equal bytes, so that a memset makes it.
  const DeviceMemory b = Filled(2 * kRows * kK, 0x3F);
  const float factor = FromBf16(0x3F3F);
  const int64_t probes[] = {0, 1, kK / 2, (int64_t{1} << 30) - 1, int64_t{1} << 30, kK - 2, kK - 1};
  float sums[kRows] = {};
  for (int row = 0; row < kRows; ++row) {
    // Powers of two: no sum of them is another one of them.
    float value = static_cast<float>(row + 1);
    for (const int64_t probe : probes) {
      Put(a, row * kK + probe, std::vector<uint16_t>{ToBf16(value)});
      sums[row] += value;
      value *= 2;
    }
  }
  const DeviceMemory d = session_.Upload(std::vector<uint16_t>(kRows * kRows, 0xFFFF));
  for (const v1::Kernel& kernel : Kernels(problem, /*unsplit=*/false)) {
    ASSERT_NO_FATAL_FAILURE(Launch(kernel, problem, a, b, d));
    const std::vector<uint16_t> values = session_.Download<uint16_t>(d);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float expected = factor * sums[i / kRows];
      EXPECT_NEAR(FromBf16(values[i]), expected, expected / 256)
          << kernel.variant().ShortDebugString();
    }
  }
}

TEST_F(LargeSizesTest, LongestKOfInt8) {
  constexpr int64_t kK = kMost - 15;
  constexpr int kRows = 8;
  const v1::Problem problem = *Canonicalize(Gemm(kRows, kRows, kK, v1::DATA_TYPE_INT8));
  const std::string missing = Missing(2.0 * kRows * static_cast<double>(kK));
  if (!missing.empty()) GTEST_SKIP() << missing;
  // 1 times 1 all along k: the sum is k.
  const DeviceMemory a = Filled(kRows * kK, 1);
  const DeviceMemory b = Filled(kRows * kK, 1);
  const DeviceMemory d = session_.Upload(std::vector<int32_t>(kRows * kRows, -1));
  for (const v1::Kernel& kernel : Kernels(problem, /*unsplit=*/true)) {
    ASSERT_NO_FATAL_FAILURE(Launch(kernel, problem, a, b, d));
    for (const int32_t value : session_.Download<int32_t>(d)) {
      ASSERT_EQ(value, kK) << kernel.variant().ShortDebugString();
    }
  }
}

// Through the bench worker, whose reference shares so long a k among blocks.
TEST_F(LargeSizesTest, LongKAgainstTheReference) {
  const v1::Problem problem = Gemm(16, 24, int64_t{1} << 28, v1::DATA_TYPE_BF16);
  const std::string missing = Missing(SessionBytes(*Canonicalize(problem)));
  for (const char* one : {"gemm_sm80", "gemm_sm90"}) {
    ExpectSoundWithin({one, problem, 1, false, one}, missing);
  }
}

// Rows 0, 1, .. that differ, around 2^30 and at the end; D is NaN before, and every row that is
// looked at must be there.
TEST_F(LargeSizesTest, MostRows) {
  constexpr int64_t kK = 8;
  constexpr int64_t kN = 8;
  const v1::Problem problem = *Canonicalize(Gemm(kMost, kN, kK, v1::DATA_TYPE_BF16));
  const std::string missing = Missing(2.0 * (kK + kN) * static_cast<double>(kMost));
  if (!missing.empty()) GTEST_SKIP() << missing;
  const DeviceMemory a = Filled(2 * kMost * kK, 0);
  const DeviceMemory b = session_.Upload(std::vector<uint16_t>(kN * kK, ToBf16(1.0f)));
  const std::vector<int64_t> rows = {0, 1, 1000, kMost / 2, kMost - 200, kMost - 2, kMost - 1};
  for (const int64_t row : rows) {
    Put(a, row * kK, std::vector<uint16_t>{ToBf16(static_cast<float>(row % 100 + 1))});
  }
  for (const v1::Kernel& kernel : Kernels(problem, /*unsplit=*/true)) {
    const DeviceMemory d = Filled(2 * kMost * kN, 0xFF);
    ASSERT_NO_FATAL_FAILURE(Launch(kernel, problem, a, b, d));
    for (const int64_t row : rows) {
      for (const uint16_t value : Get<uint16_t>(d, row * kN, kN)) {
        EXPECT_EQ(FromBf16(value), static_cast<float>(row % 100 + 1))
            << kernel.variant().ShortDebugString() << ", row " << row;
      }
    }
    // And between them: zeros, not what was there.
    for (int64_t row = 5000; row < kMost; row += kMost / 50) {
      for (const uint16_t value : Get<uint16_t>(d, row * kN, kN)) {
        ASSERT_EQ(value, 0) << kernel.variant().ShortDebugString() << ", row " << row;
      }
    }
  }
}

TEST_F(LargeSizesTest, MostColumns) {
  constexpr int64_t kK = 8;
  const v1::Problem problem = *Canonicalize(Gemm(1, kMost - 7, kK, v1::DATA_TYPE_BF16));
  const int64_t n = problem.gemm().n();
  const std::string missing = Missing(2.0 * (kK + 1) * static_cast<double>(n));
  if (!missing.empty()) GTEST_SKIP() << missing;
  const DeviceMemory a = session_.Upload(std::vector<uint16_t>(kK, ToBf16(1.0f)));
  const DeviceMemory b = Filled(2 * n * kK, 0);
  const std::vector<int64_t> columns = {0, 7, n / 2, n - 300, n - 1};
  for (const int64_t column : columns) {
    Put(b, column * kK + 3, std::vector<uint16_t>{ToBf16(static_cast<float>(column % 100 + 1))});
  }
  for (const v1::Kernel& kernel : Kernels(problem, /*unsplit=*/true)) {
    const DeviceMemory d = Filled(2 * n, 0xFF);
    ASSERT_NO_FATAL_FAILURE(Launch(kernel, problem, a, b, d));
    for (const int64_t column : columns) {
      EXPECT_EQ(FromBf16(Get<uint16_t>(d, column, 1)[0]), static_cast<float>(column % 100 + 1))
          << kernel.variant().ShortDebugString() << ", column " << column;
    }
    for (int64_t column = 5000; column < n; column += n / 50) {
      ASSERT_EQ(Get<uint16_t>(d, column, 1)[0], 0) << kernel.variant().ShortDebugString();
    }
  }
}

TEST_F(LargeSizesTest, MostRowsOfFp32) {
  const v1::Problem problem = Gemm(kMost, 1, 1, v1::DATA_TYPE_FP32);
  ExpectSoundWithin({"fp32", problem, 2, false, "gemm_simt"},
                    Missing(SessionBytes(*Canonicalize(problem))));
}

TEST_F(LargeSizesTest, MoreThan32BitsOfOutputs) {
  // 2^32 + 2^19 elements.
  const v1::Problem problem = Gemm((1 << 19) + 64, 8192, 16, v1::DATA_TYPE_BF16);
  const std::string missing = Missing(SessionBytes(*Canonicalize(problem)));
  for (const char* one : {"gemm_sm80", "gemm_sm90"}) {
    ExpectSoundWithin({one, problem, 2, false, one}, missing);
  }
}

TEST_F(LargeSizesTest, MoreThan31BitsOfOutputsWithMaskAndBias) {
  v1::Problem problem = WithBiasAndActivation(Gemm((1 << 19) + 64, 4096, 16, v1::DATA_TYPE_BF16));
  v1::Dropout& dropout = *problem.mutable_gemm()->mutable_epilogue()->mutable_dropout();
  dropout.set_probability(0.25);
  dropout.set_store_mask(true);
  ExpectSoundWithin({"mask", problem, 3}, Missing(SessionBytes(*Canonicalize(problem))));
}

TEST_F(LargeSizesTest, BatchStridesPast32Bits) {
  v1::Problem problem = Gemm(200, 136, 72, v1::DATA_TYPE_BF16);
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  constexpr int64_t kStride = (int64_t{1} << 32) + 64;
  gemm.set_batch(2);
  gemm.set_a_batch_stride(kStride);
  gemm.set_b_batch_stride(kStride);
  gemm.set_d_batch_stride(kStride);
  const std::string missing = Missing(SessionBytes(*Canonicalize(problem)));
  for (const char* one : {"gemm_sm80", "gemm_sm90"}) {
    ExpectSoundWithin({one, problem, 2, false, one}, missing);
  }
}

TEST_F(LargeSizesTest, RowStridesPast32Bits) {
  v1::Problem problem = Gemm(4, 136, 72, v1::DATA_TYPE_BF16);
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_lda((int64_t{1} << 32) + 64);
  gemm.set_ldd((int64_t{1} << 31) + 64);
  const std::string missing = Missing(SessionBytes(*Canonicalize(problem)));
  for (const char* one : {"gemm_sm80", "gemm_sm90"}) {
    ExpectSoundWithin({one, problem, 2, false, one}, missing);
  }
}

constexpr char kFused[] =
    "dropout { probability: 0.3 store_mask: true } "
    "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL ";

TEST_F(LargeSizesTest, FusedDropoutOfMoreThan31Bits) {
  const std::string fields = absl::StrCat("rows: 524352 columns: 4096 ", kFused);
  ExpectSoundWithin({fields, FusedDropoutOf(fields), 2},
                    Missing(SessionBytes(FusedDropoutOf(fields))));
}

TEST_F(LargeSizesTest, FusedDropoutOfMoreThan32Bits) {
  const std::string fields = absl::StrCat("rows: 524352 columns: 8192 ", kFused);
  ExpectSoundWithin({fields, FusedDropoutOf(fields), 2},
                    Missing(SessionBytes(FusedDropoutOf(fields))));
}

TEST_F(LargeSizesTest, FusedLayerNormBackwardOfMoreThan31Bits) {
  const std::string fields = absl::StrCat("rows: 524352 columns: 4096 ", kFused,
                                          "normalization: NORMALIZATION_LAYER_NORM backward: true");
  ExpectSoundWithin({fields, FusedDropoutOf(fields), 2},
                    Missing(SessionBytes(FusedDropoutOf(fields))));
}

TEST_F(LargeSizesTest, FusedDropoutWithMostRows) {
  const std::string fields =
      "rows: 2147483647 columns: 4 dropout { probability: 0.3 } operation: "
      "DROPOUT_OPERATION_DROPOUT";
  ExpectSoundWithin({fields, FusedDropoutOf(fields), 2},
                    Missing(SessionBytes(FusedDropoutOf(fields))));
}

TEST_F(LargeSizesTest, FusedDropoutWithMostColumns) {
  const std::string fields =
      "rows: 3 columns: 2147483647 dropout { probability: 0.3 } operation: "
      "DROPOUT_OPERATION_DROPOUT";
  ExpectSoundWithin({fields, FusedDropoutOf(fields), 2},
                    Missing(SessionBytes(FusedDropoutOf(fields))));
}

}  // namespace
}  // namespace tilewright
