// The mask bit for bit: every kernel has that of the reference, and so that of every other kernel.
// Inputs are constant, so that every bit of the result is known as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/dropout_launch.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

using ::testing::Each;

v1::Problem Dropping(int64_t m, int64_t n, int64_t k, double probability,
                     v1::DataType type = v1::DATA_TYPE_BF16) {
  v1::Problem problem = Gemm(m, n, k, type);
  v1::Dropout& dropout = *problem.mutable_gemm()->mutable_epilogue()->mutable_dropout();
  dropout.set_probability(probability);
  dropout.set_store_mask(true);
  return problem;
}

v1::Problem AsGradient(v1::Problem problem) {
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  epilogue.set_activation(v1::ACTIVATION_RELU);  // 1 at a positive z.
  epilogue.set_aux_type(v1::DATA_TYPE_BF16);
  return problem;
}

class MaskTest : public testing::Test {
 protected:
  // That D, the stored mask and the sums of columns are those of the reference's mask, with a
  // product of 1 and dropout's scale 2: p is 1/2.
  void ExpectMask(const v1::Problem& problem, const v1::Kernel& kernel) {
    const v1::GemmProblem& gemm = problem.gemm();
    DropoutInputs inputs;
    inputs.alpha = 1.0f / static_cast<float>(gemm.k());
    const DropoutOutputs outputs = LaunchDropout(session_, gemm, kernel, inputs);
    if (gemm.epilogue().dropout().store_mask()) {
      EXPECT_EQ(outputs.mask, ExpectedMask(gemm, inputs)) << VariantName(kernel);
    }
    std::vector<float> sums(static_cast<std::size_t>(gemm.n()), 0.0f);
    int wrong = 0;
    for (std::size_t i = 0; i < outputs.d.size(); ++i) {
      const float expected = KeepsElement(gemm, inputs, i) ? 2.0f : 0.0f;
      wrong += outputs.d[i] != expected || std::signbit(outputs.d[i]);
      sums[i % sums.size()] += expected;
    }
    EXPECT_EQ(wrong, 0) << VariantName(kernel);
    // Small whole numbers: exact in any order.
    if (gemm.epilogue().bias_gradient()) {
      EXPECT_EQ(outputs.bias_gradient, sums) << VariantName(kernel);
    }
  }

  void ExpectMaskOfAll(const v1::Problem& requested, const std::vector<v1::Variant>& variants) {
    const v1::Problem problem = *Canonicalize(requested);
    ASSERT_FALSE(variants.empty()) << DescribeProblem(problem);
    for (const v1::Kernel& kernel : CompileKernels(problem, variants)) ExpectMask(problem, kernel);
  }

  std::vector<v1::Variant> Variants(const v1::Problem& problem, const char* template_name) {
    return PickVariants(*Canonicalize(problem), 40, false, template_name);
  }

  DeviceSession session_;
};

TEST_F(MaskTest, IsTheReferencesInEveryTemplate) {
  // Neither whole blocks of the mask nor whole tiles; of 16-byte rows, and not.
  for (const int64_t n : {144, 131}) {
    v1::Problem forward = Dropping(150, n, 64, 0.5);
    forward.mutable_gemm()->set_batch(2);
    ExpectMaskOfAll(forward, Variants(forward, "gemm_sm80"));
    const v1::Problem backward = AsGradient(forward);
    ExpectMaskOfAll(backward, Variants(backward, "gemm_sm80"));
    v1::Problem single = Dropping(150, n, 64, 0.5, v1::DATA_TYPE_FP32);
    single.mutable_gemm()->set_batch(2);
    ExpectMaskOfAll(single, Variants(single, "gemm_simt"));
  }
}

TEST_F(MaskTest, IsTheReferencesWhereKIsSplit) {
  for (const bool gradient : {false, true}) {
    v1::Problem problem = Dropping(72, 104, 4096, 0.5);
    if (gradient) problem = AsGradient(problem);
    // Sums of columns are of values that the main step computes.
    problem.mutable_gemm()->mutable_epilogue()->set_bias_gradient(false);
    ExpectMaskOfAll(problem, PickVariants(*Canonicalize(problem), 12, true));
  }
}

// Not a sample: all that the spaces have for a problem, so that any two of them have one mask.
TEST_F(MaskTest, IsTheReferencesInEveryConfigOfAProblem) {
  for (const bool gradient : {false, true}) {
    v1::Problem problem = Dropping(37, 48, 64, 0.5);
    if (gradient) problem = AsGradient(problem);
    // Swapped operands have no mask to store: D tells what it is.
    problem.mutable_gemm()->mutable_epilogue()->mutable_dropout()->set_store_mask(false);
    problem = *Canonicalize(problem);
    std::vector<v1::Variant> variants;
    for (RankedVariant& ranked : RankVariants(problem, GpuMachine::Get().silicon())) {
      variants.push_back(std::move(ranked.variant));
    }
    EXPECT_GT(variants.size(), 300u);
    for (const v1::Kernel& kernel : CompileKernels(problem, variants)) ExpectMask(problem, kernel);
  }
}

using MaskOnHopperTest = HopperTest;

TEST_F(MaskOnHopperTest, OfEveryScheduleClusterAndSwap) {
  const DeviceSession session;
  for (const int64_t n : {392, 397}) {
    for (const bool gradient : {false, true}) {
      v1::Problem problem = Dropping(333, n, 256, 0.5);
      if (gradient) problem = AsGradient(problem);
      problem = *Canonicalize(problem);
      std::vector<v1::Variant> variants;
      for (const GemmSm90Config& config : EveryScheduleAndCluster()) {
        const v1::Variant variant = MakeVariant(config);
        if (PlanForVariant(problem, GpuMachine::Get().silicon(), variant).ok()) {
          variants.push_back(variant);
        }
      }
      ASSERT_FALSE(variants.empty());
      const DropoutInputs inputs;
      const std::vector<uint8_t> expected = ExpectedMask(problem.gemm(), inputs);
      for (const v1::Kernel& kernel : CompileKernels(problem, variants)) {
        const DropoutOutputs outputs = LaunchDropout(session, problem.gemm(), kernel, inputs);
        EXPECT_EQ(outputs.mask, expected) << VariantName(kernel);
        int wrong = 0;
        for (std::size_t i = 0; i < outputs.d.size(); ++i) {
          wrong += (outputs.d[i] != 0) != KeepsElement(problem.gemm(), inputs, i);
        }
        EXPECT_EQ(wrong, 0) << VariantName(kernel);
      }
    }
  }
}

TEST_F(MaskTest, FollowsSeedOffsetAndRounds) {
  v1::Problem problem = *Canonicalize(Dropping(64, 64, 64, 0.5));
  const v1::Kernel kernel = CompileKernels(problem, PickVariants(problem, 1, false)).at(0);
  const DropoutInputs inputs;
  const auto launch = [&](uint64_t seed, uint64_t offset) {
    DropoutInputs other = inputs;
    other.seed = seed;
    other.offset = offset;
    const DropoutOutputs outputs = LaunchDropout(session_, problem.gemm(), kernel, other);
    EXPECT_EQ(outputs.mask, ExpectedMask(problem.gemm(), other));
    return outputs.mask;
  };
  const auto first = launch(1, 0);
  EXPECT_EQ(launch(1, 0), first);
  EXPECT_NE(launch(2, 0), first);
  EXPECT_NE(launch(1, 1), first);
  EXPECT_NE(launch(1, uint64_t{1} << 47), first);
  problem.mutable_gemm()->mutable_epilogue()->mutable_dropout()->set_philox_rounds(10);
  const v1::Kernel ten = CompileKernels(problem, PickVariants(problem, 1, false)).at(0);
  EXPECT_EQ(LaunchDropout(session_, problem.gemm(), ten, inputs).mask,
            ExpectedMask(problem.gemm(), inputs));
}

// One kernel serves every probability that is not 0.
TEST_F(MaskTest, ProbabilitiesAreArgumentsOfALaunch) {
  const v1::Problem tuned = *Canonicalize(Dropping(64, 64, 64, 0.5));
  const v1::Kernel kernel = CompileKernels(tuned, PickVariants(tuned, 1, false)).at(0);
  const DropoutInputs inputs;
  for (const double probability : {0x1p-15, 0.1, 0.9, 1.0}) {
    const v1::Problem problem = *Canonicalize(Dropping(64, 64, 64, probability));
    const DropoutOutputs outputs = LaunchDropout(session_, problem.gemm(), kernel, inputs);
    EXPECT_EQ(outputs.mask, ExpectedMask(problem.gemm(), inputs)) << probability;
  }
}

TEST_F(MaskTest, NoDropoutIsTheProblemWithoutIt) {
  v1::Problem without = Dropping(64, 64, 64, 0);
  without.mutable_gemm()->mutable_epilogue()->clear_dropout();
  v1::Problem zero = Dropping(64, 64, 64, 0x1p-17);
  zero.mutable_gemm()->mutable_epilogue()->mutable_dropout()->set_store_mask(false);
  EXPECT_EQ(ProblemKey(*Canonicalize(zero)), ProblemKey(*Canonicalize(without)));
}

TEST_F(MaskTest, WhatIsDroppedIsZeroEvenIfItWasInfinite) {
  for (const bool gradient : {false, true}) {
    v1::Problem problem = Dropping(150, 131, 64, 0.5);
    if (gradient) problem = AsGradient(problem);
    problem.mutable_gemm()->mutable_epilogue()->set_non_finite_flag(true);
    problem = *Canonicalize(problem);
    DropoutInputs inputs;
    inputs.a = std::numeric_limits<float>::infinity();
    for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 12, false))) {
      const DropoutOutputs some = LaunchDropout(session_, problem.gemm(), kernel, inputs);
      EXPECT_EQ(some.non_finite, 1u);
      int wrong = 0;
      for (std::size_t i = 0; i < some.d.size(); ++i) {
        wrong += KeepsElement(problem.gemm(), inputs, i) ? !std::isinf(some.d[i]) : some.d[i] != 0;
      }
      EXPECT_EQ(wrong, 0) << VariantName(kernel);
      v1::GemmProblem all = problem.gemm();
      all.mutable_epilogue()->mutable_dropout()->set_probability(1);
      const DropoutOutputs none = LaunchDropout(session_, all, kernel, inputs);
      EXPECT_EQ(none.non_finite, 0u) << VariantName(kernel);
      EXPECT_THAT(none.d, Each(0.0f)) << VariantName(kernel);
    }
  }
}

// 2 + 2^-9 lies an eighth of the way from 2 to bf16's next number, so that an element goes up where
// its 16 bits are at least 7/8 * 2^16: unbiased, as those bits are uniform, and by the bits of
// rounding rather than by those of dropout.
TEST_F(MaskTest, RoundingIsStochasticByItsOwnBits) {
  v1::Problem problem = Dropping(256, 272, 64, 0.5);
  problem.mutable_gemm()->mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  problem = *Canonicalize(problem);
  DropoutInputs inputs;
  inputs.alpha = (1.0f + 0x1p-10f) / 64;
  for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 12, false))) {
    const DropoutOutputs outputs = LaunchDropout(session_, problem.gemm(), kernel, inputs);
    int wrong = 0;
    int kept = 0;
    int up = 0;
    for (std::size_t i = 0; i < outputs.d.size(); ++i) {
      if (!KeepsElement(problem.gemm(), inputs, i)) {
        wrong += outputs.d[i] != 0;
        continue;
      }
      const bool goes_up =
          RoundingBits(inputs.seed, inputs.offset, 0, static_cast<uint32_t>(i / 272),
                       static_cast<uint32_t>(i % 272)) >= 0xE000;
      wrong += outputs.d[i] != (goes_up ? 2.0f + 0x1p-6f : 2.0f);
      up += goes_up;
      ++kept;
    }
    EXPECT_EQ(wrong, 0) << VariantName(kernel);
    // Six deviations of a binomial: a chance of 2e-9, were the bits those of a fair die.
    EXPECT_NEAR(up, kept / 8.0, 6 * std::sqrt(kept * 7.0 / 64)) << VariantName(kernel);
  }
}

}  // namespace
}  // namespace tilewright
