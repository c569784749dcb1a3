// What a problem does not read does not matter to cublasLt as we launch it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/gpu/unread_gemm.h"
#include "tests/tuner/codegen/gemm_problems.h"

namespace tilewright {
namespace {

// cublasLt's own kernels, whatever they do with their alpha.
TEST(UnreadVendorTest, VendorLaunches) {
  const DeviceSession session;
  auto vendor = VendorLauncher::Create(session.driver());
  if (absl::IsNotFound(vendor.status())) GTEST_SKIP() << vendor.status();
  ASSERT_TRUE(vendor.ok()) << vendor.status();
  const bool is_hopper = GpuMachine::Get().silicon().compute_capability() == 90;
  for (const bool accumulates : {true, false}) {
    std::vector<v1::Problem> problems;
    for (const auto& [input, output] : kTypes) {
      if (input == v1::DATA_TYPE_INT8) continue;
      problems.push_back(Padded(input, output, 144, 160, 96, accumulates));
      problems.push_back(problems.back());
      problems.back().mutable_gemm()->set_batch(2);
    }
    if (is_hopper) {
      problems.push_back(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, 144, 160, 96, accumulates));
      if (!accumulates) {
        problems.push_back(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E4M3, 144, 160, 96, false));
      }
    }
    for (const v1::Problem& problem : problems) {
      const v1::GemmProblem gemm = Canonicalize(problem)->gemm();
      const std::string name = absl::StrCat(ShortName(gemm.a_type()), " to ",
                                            ShortName(gemm.d_type()), ", batch ", gemm.batch());
      ASSERT_TRUE(VendorLauncher::Supports(gemm)) << name;
      const auto algorithms = (*vendor)->Algorithms(gemm, 32 << 20, 4);
      ASSERT_TRUE(algorithms.ok()) << name << ": " << algorithms.status();
      UnreadGemm operands(session, gemm);
      for (const v1::VendorKernel& algorithm : *algorithms) {
        operands.ExpectIgnored(
            absl::StrCat("cublasLt ", name, ", result ", algorithm.heuristic_rank()),
            algorithm.workspace_bytes(), [&](const GemmArguments& given) {
              return (*vendor)->Launch(gemm, algorithm, given, session.stream());
            });
      }
    }
  }
}

using UnreadVendorOnHopperTest = HopperTest;

// No launch of cublasLt's adds C to an fp8 D without A and B.
TEST_F(UnreadVendorOnHopperTest, AVendorThatCannotLeaveProductsOutSaysSo) {
  const DeviceSession session;
  auto vendor = VendorLauncher::Create(session.driver());
  if (absl::IsNotFound(vendor.status())) GTEST_SKIP() << vendor.status();
  const v1::GemmProblem gemm =
      Canonicalize(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E4M3, 144, 160, 96))->gemm();
  const auto algorithms = (*vendor)->Algorithms(gemm, 32 << 20, 1);
  ASSERT_TRUE(algorithms.ok()) << algorithms.status();
  if (algorithms->empty()) GTEST_SKIP() << "cublasLt has no kernel for it";
  const DeviceMemory memory = session.Upload(std::vector<uint8_t>(1 << 20));
  GemmArguments operands;
  operands.a = operands.b = operands.c = memory.pointer();
  operands.d = memory.pointer();
  operands.workspace = memory.pointer();
  operands.workspace_bytes = 32 << 20;
  operands.alpha = 0.0f;
  operands.beta = 1.0f;
  const absl::Status status =
      (*vendor)->Launch(gemm, algorithms->front(), operands, session.stream());
  EXPECT_EQ(ReasonOf(status), "ALPHA_IS_ZERO") << status;
}

}  // namespace
}  // namespace tilewright
