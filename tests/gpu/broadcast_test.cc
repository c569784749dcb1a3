// One A, B or C that all batches share, in every template and through cublasLt.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/problem.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"

namespace tilewright {
namespace {

// `shared`: letters of A, B and C.
void Share(v1::Problem& problem, const std::string& shared) {
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  if (shared.find('A') != std::string::npos) gemm.set_a_batch_stride(kSharedByBatches);
  if (shared.find('B') != std::string::npos) gemm.set_b_batch_stride(kSharedByBatches);
  if (shared.find('C') != std::string::npos) gemm.set_c_batch_stride(kSharedByBatches);
}

v1::Problem Shared(v1::Problem problem, const std::string& shared, int64_t batch = 3) {
  problem.mutable_gemm()->set_batch(batch);
  Share(problem, shared);
  return problem;
}

v1::Problem WithSource(v1::Problem problem, v1::SourceMode mode) {
  problem.mutable_gemm()->mutable_epilogue()->set_source_mode(mode);
  return problem;
}

// Of every template that serves the type.
void AddCases(const std::string& name, const v1::Problem& problem, int variants,
              std::vector<GemmCase>& cases, bool split_k_only = false) {
  for (const char* one : {"gemm_simt", "gemm_sm80", "gemm_sm90"}) {
    const auto canonical = Canonicalize(problem);
    ASSERT_TRUE(canonical.ok()) << name << ": " << canonical.status();
    if (PickVariants(*canonical, 1, split_k_only, one).empty()) continue;
    cases.push_back({absl::StrCat(name, " ", one), problem, variants, split_k_only, one});
  }
}

constexpr v1::DataType kInputs[] = {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16,
                                    v1::DATA_TYPE_INT8, v1::DATA_TYPE_E4M3};

TEST(BroadcastTest, SharedFactors) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : kInputs) {
    const v1::DataType output =
        input == v1::DATA_TYPE_E4M3 ? v1::DATA_TYPE_BF16 : v1::DATA_TYPE_UNSPECIFIED;
    for (const char* shared : {"A", "B", "AB"}) {
      AddCases(absl::StrCat(ShortName(input), " ", shared),
               Shared(Gemm(208, 144, 192, input, output), shared), 4, cases);
    }
  }
  ExpectSound(cases);
}

TEST(BroadcastTest, SharedFactorsInEveryLayout) {
  std::vector<GemmCase> cases;
  for (const char* letters : {"NN", "NT", "TN", "TT"}) {
    for (const char* shared : {"A", "B"}) {
      v1::Problem problem = Shared(Gemm(160, 96, 256, v1::DATA_TYPE_BF16), shared, 5);
      SetLayout(problem, letters);
      AddCases(absl::StrCat(letters, " ", shared), problem, 3, cases);
    }
  }
  ExpectSound(cases);
}

// C comes through TMA where it can (16-bit rows at 16 bytes), and through registers.
TEST(BroadcastTest, SharedSources) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input :
       {v1::DATA_TYPE_FP32, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_TF32}) {
    for (const v1::SourceMode mode : {v1::SOURCE_MODE_ACCUMULATE, v1::SOURCE_MODE_RESIDUAL}) {
      for (const char* shared : {"C", "ABC"}) {
        const std::string name =
            absl::StrCat(ShortName(input), " ", v1::SourceMode_Name(mode), " ", shared);
        AddCases(name, Shared(WithSource(Gemm(208, 128, 192, input), mode), shared), 6, cases);
      }
    }
  }
  v1::Problem odd =
      Shared(WithSource(Gemm(77, 61, 64, v1::DATA_TYPE_BF16), v1::SOURCE_MODE_RESIDUAL), "C");
  odd.mutable_gemm()->set_ldc(65);
  AddCases("odd rows of C", odd, 4, cases);
  ExpectSound(cases);
}

TEST(BroadcastTest, SplitAlongK) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_BF16, v1::DATA_TYPE_INT8}) {
    for (const char* shared : {"A", "B"}) {
      AddCases(absl::StrCat(ShortName(input), " ", shared),
               Shared(Gemm(48, 72, 2048, input), shared), 3, cases, /*split_k_only=*/true);
    }
  }
  AddCases(
      "source",
      Shared(WithSource(Gemm(48, 72, 2048, v1::DATA_TYPE_BF16), v1::SOURCE_MODE_RESIDUAL), "C"), 3,
      cases, /*split_k_only=*/true);
  ExpectSound(cases);
}

// Dropout and a residual may be a launch of their own.
TEST(BroadcastTest, SplitEpilogues) {
  std::vector<GemmCase> cases;
  v1::Problem problem =
      Shared(WithSource(Gemm(256, 192, 128, v1::DATA_TYPE_BF16), v1::SOURCE_MODE_RESIDUAL), "AC");
  problem.mutable_gemm()->mutable_epilogue()->mutable_dropout()->set_probability(0.25);
  AddCases("dropout", problem, 12, cases);
  ExpectSound(cases);
}

TEST(BroadcastTest, FewRowsAndManyBatches) {
  std::vector<GemmCase> cases;
  AddCases("few rows", Shared(Gemm(8, 512, 256, v1::DATA_TYPE_BF16), "B", 70), 6, cases);
  AddCases("many batches", Shared(Gemm(40, 48, 64, v1::DATA_TYPE_BF16), "A", 1000), 3, cases);
  ExpectSound(cases);
}

TEST(BroadcastTest, CublasLt) {
  for (const v1::DataType input :
       {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16}) {
    for (const char* shared : {"A", "B", "AB", "C", "ABC"}) {
      const bool has_source = std::string(shared).find('C') != std::string::npos;
      const v1::Problem plain = Gemm(208, 144, 192, input);
      ProfileRequest request;
      request.problem = *Canonicalize(
          Shared(has_source ? WithSource(plain, v1::SOURCE_MODE_ACCUMULATE) : plain, shared));
      request.max_rounds = 1;
      const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
      ASSERT_TRUE(report.ok()) << shared << ": " << report.status();
      if (report->vendors.empty()) GTEST_SKIP() << "cublasLt is not installed";
      for (const v1::Candidate& candidate : report->vendors) {
        EXPECT_TRUE(candidate.has_measurement())
            << ShortName(input) << " " << shared << ", result "
            << candidate.vendor().heuristic_rank() << ": " << candidate.failure().message();
      }
    }
  }
}

// As a client launches it: what all batches share need not be there more than once.
TEST(BroadcastTest, TheSharedMatrixIsAllThatIsRead) {
  constexpr int kBatch = 4;
  constexpr int kSize = 64;
  const v1::Problem problem =
      *Canonicalize(Shared(Gemm(kSize, kSize, kSize, v1::DATA_TYPE_BF16), "A", kBatch));
  const DeviceSession session;
  const DeviceMemory a = session.Upload(std::vector<uint16_t>(kSize * kSize, ToBf16(1.0f)));
  std::vector<uint16_t> factors;
  for (int batch = 0; batch < kBatch; ++batch) {
    factors.insert(factors.end(), kSize * kSize, ToBf16(static_cast<float>(batch + 1)));
  }
  const DeviceMemory b = session.Upload(factors);
  for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 6, false))) {
    const auto launcher = GemmLauncher::Create(session.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << launcher.status();
    const DeviceMemory d = session.Upload(std::vector<uint16_t>(kBatch * kSize * kSize, 0xFFFF));
    const DeviceMemory workspace =
        *DeviceMemory::Allocate(session.driver(), (*launcher)->WorkspaceBytes(problem.gemm()));
    GemmArguments operands;
    operands.a = a.pointer();
    operands.b = b.pointer();
    operands.d = d.pointer();
    operands.workspace = workspace.pointer();
    operands.workspace_bytes = workspace.bytes();
    const absl::Status status = (*launcher)->Launch(problem.gemm(), operands, session.stream());
    ASSERT_TRUE(status.ok()) << status;
    const std::vector<uint16_t> values = session.Download<uint16_t>(d);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float expected = static_cast<float>(kSize * (i / (kSize * kSize) + 1));
      ASSERT_EQ(FromBf16(values[i]), expected) << kernel.variant().template_name() << ", " << i;
    }
  }
}

}  // namespace
}  // namespace tilewright
