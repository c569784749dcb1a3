// What a problem does not read does not matter to any template, whatever it holds.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/gpu/unread_gemm.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

void ExpectIgnored(const std::string& name, const v1::Problem& problem,
                   const std::vector<v1::Variant>& variants) {
  const DeviceSession session;
  ASSERT_FALSE(variants.empty()) << name;
  UnreadGemm gemm(session, problem.gemm());
  for (const v1::Kernel& kernel : CompileKernels(problem, variants)) {
    const auto launcher = GemmLauncher::Create(session.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << name << ": " << launcher.status();
    gemm.ExpectIgnored(absl::StrCat(name, ", ", kernel.variant().ShortDebugString()),
                       (*launcher)->WorkspaceBytes(problem.gemm()),
                       [&](const GemmArguments& operands) {
                         return (*launcher)->Launch(problem.gemm(), operands, session.stream());
                       });
  }
}

// Spread over the ranking of each template, of split products too.
void ExpectIgnoredByEveryTemplate(const std::string& name, const v1::Problem& problem,
                                  int variants = 4) {
  for (const bool device_scalars : {false, true}) {
    v1::Problem one = problem;
    one.mutable_gemm()->mutable_epilogue()->set_device_scalars(device_scalars);
    const auto canonical = Canonicalize(one);
    ASSERT_TRUE(canonical.ok()) << name << ": " << canonical.status();
    int tried = 0;
    for (const char* of_template : {"gemm_simt", "gemm_sm80", "gemm_sm90"}) {
      for (const bool split : {false, true}) {
        const auto picked = PickVariants(*canonical, split ? 2 : variants, split, of_template);
        if (picked.empty()) continue;
        ++tried;
        ExpectIgnored(absl::StrCat(name, device_scalars ? ", scalars on the device" : ""),
                      *canonical, picked);
      }
    }
    EXPECT_GT(tried, 0) << name;
  }
}

TEST(UnreadTest, AccumulatedSourcesOfEveryType) {
  for (const auto& [input, output] : kTypes) {
    ExpectIgnoredByEveryTemplate(absl::StrCat(ShortName(input), " to ", ShortName(output)),
                                 Padded(input, output));
  }
}

TEST(UnreadTest, NothingButProducts) {
  for (const auto& [input, output] : kTypes) {
    ExpectIgnoredByEveryTemplate(
        absl::StrCat(ShortName(input), " to ", ShortName(output), ", plain"),
        Padded(input, output, 141, 152, 88, false), 3);
  }
}

TEST(UnreadTest, RowsOfEveryAlignment) {
  for (const int64_t n : {151, 150, 148, 8}) {
    v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 70, n, 88);
    problem.mutable_gemm()->set_ldd(n + 1);
    problem.mutable_gemm()->set_ldc(n + 3);
    ExpectIgnoredByEveryTemplate(absl::StrCat("n ", n), problem, 3);
  }
}

TEST(UnreadTest, EveryLayoutAndSeveralBatches) {
  for (const char* letters : {"NN", "TN", "TT"}) {
    v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 72, 88, 96);
    SetLayout(problem, letters);
    problem.mutable_gemm()->set_batch(2);
    problem.mutable_gemm()->set_lda(128);
    problem.mutable_gemm()->set_ldb(136);
    ExpectIgnoredByEveryTemplate(letters, problem, 3);
  }
}

TEST(UnreadTest, AfterASplitAlongK) {
  ExpectIgnoredByEveryTemplate("long k",
                               Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32, 72, 104, 2056));
}

TEST(UnreadTest, WithAllElseThatAnEpilogueHas) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16);
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_activation(v1::ACTIVATION_RELU);
  epilogue.set_aux_type(v1::DATA_TYPE_FP32);
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  problem.mutable_gemm()->set_ld_aux(160);
  ExpectIgnoredByEveryTemplate("all else", problem);
}

// What a gradient multiplies with an activation's slope is not read where there is none.
TEST(UnreadTest, TheArgumentOfNoActivation) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_gradient(true);
  problem.mutable_gemm()->mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->set_ld_aux(160);
  ExpectIgnoredByEveryTemplate("gradient", problem);
  problem.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_NONE);
  problem.mutable_gemm()->set_ldc(0);
  problem.mutable_gemm()->mutable_epilogue()->clear_source_type();
  ExpectIgnoredByEveryTemplate("gradient without a source", problem);
}

using UnreadOnHopperTest = HopperTest;

TEST_F(UnreadOnHopperTest, EveryScheduleAndCluster) {
  for (const bool accumulates : {true, false}) {
    for (const bool device_scalars : {false, true}) {
      v1::Problem problem =
          Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 333, 328, 200, accumulates);
      problem.mutable_gemm()->mutable_epilogue()->set_device_scalars(device_scalars);
      const v1::Problem canonical = *Canonicalize(problem);
      std::vector<v1::Variant> variants;
      for (const GemmSm90Config& config : EveryScheduleAndCluster()) {
        const v1::Variant variant = MakeVariant(config);
        if (PlanForVariant(canonical, GpuMachine::Get().silicon(), variant).ok()) {
          variants.push_back(variant);
        }
      }
      ExpectIgnored(absl::StrCat("accumulates ", accumulates, ", device scalars ", device_scalars),
                    canonical, variants);
    }
  }
}

TEST_F(UnreadOnHopperTest, SplitEpilogues) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 200, 264, 200);
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  const v1::Problem canonical = *Canonicalize(problem);
  GemmSm90Config config = EveryScheduleAndCluster().front();
  config.split_epilogue = 1;
  const v1::Variant variant = MakeVariant(config);
  const auto plan = PlanForVariant(canonical, GpuMachine::Get().silicon(), variant);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const DeviceSession session;
  const DeviceMemory sums = session.Upload(std::vector<float>(264, std::nanf("")));
  UnreadGemm gemm(session, canonical.gemm());
  for (const v1::Kernel& kernel : CompileKernels(canonical, {variant})) {
    const auto launcher = GemmLauncher::Create(session.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << launcher.status();
    gemm.ExpectIgnored("split epilogue", (*launcher)->WorkspaceBytes(canonical.gemm()),
                       [&](GemmArguments operands) {
                         operands.bias_gradient = static_cast<float*>(sums.pointer());
                         return (*launcher)->Launch(canonical.gemm(), operands, session.stream());
                       });
    for (const float sum : session.Download<float>(sums)) EXPECT_TRUE(std::isfinite(sum));
  }
}

TEST_F(UnreadOnHopperTest, ScalesOfEveryKind) {
  for (const v1::ScalingMode mode : {v1::SCALING_MODE_NONE, v1::SCALING_MODE_PER_TENSOR,
                                     v1::SCALING_MODE_PER_ROW_COLUMN, v1::SCALING_MODE_BLOCK_128}) {
    for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_E4M3}) {
      v1::Problem problem = Padded(v1::DATA_TYPE_E4M3, output, 141, 152, 208);
      problem.mutable_gemm()->set_scaling_mode(mode);
      ExpectIgnoredByEveryTemplate(
          absl::StrCat(v1::ScalingMode_Name(mode), " to ", ShortName(output)), problem);
    }
  }
  v1::Problem integers = Padded(v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP32);
  integers.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_PER_ROW_COLUMN);
  ExpectIgnoredByEveryTemplate("int8 with scales", integers);
}

}  // namespace
}  // namespace tilewright
