// Dropout in the forward epilogue, checked by the bench worker: every element against the
// reference, stored masks byte by byte, runs against each other.
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

constexpr v1::Activation kActivations[] = {v1::ACTIVATION_NONE, v1::ACTIVATION_RELU,
                                           v1::ACTIVATION_GELU_TANH, v1::ACTIVATION_GELU_ERF,
                                           v1::ACTIVATION_SILU};

v1::Epilogue& EpilogueOf(v1::Problem& problem) {
  return *problem.mutable_gemm()->mutable_epilogue();
}

v1::Problem WithDropout(v1::Problem problem, double probability = 0.3) {
  EpilogueOf(problem).mutable_dropout()->set_probability(probability);
  return problem;
}

v1::Problem WithMask(v1::Problem problem, double probability = 0.3) {
  problem = WithDropout(problem, probability);
  EpilogueOf(problem).mutable_dropout()->set_store_mask(true);
  return problem;
}

TEST(DropoutTest, AfterEveryActivation) {
  std::vector<GemmCase> cases;
  for (const v1::Activation activation : kActivations) {
    // One shape with whole blocks of the mask and wide rows, one with neither.
    for (const int64_t n : {160, 131}) {
      GemmCase one{absl::StrCat(v1::Activation_Name(activation), " n=", n),
                   WithDropout(Gemm(150, n, 128, v1::DATA_TYPE_BF16)), 6};
      EpilogueOf(one.problem).set_activation(activation);
      EpilogueOf(one.problem).set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

TEST(DropoutTest, OfEveryType) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type :
       {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP16, v1::DATA_TYPE_BF16}) {
    cases.push_back({ShortName(type), WithMask(Gemm(150, 136, 128, type)), 6});
  }
  cases.push_back(
      {"int8", WithMask(Gemm(150, 136, 128, v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16)), 6});
  cases.push_back(
      {"bf16 to fp32", WithMask(Gemm(150, 137, 128, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32)), 6});
  ExpectSound(cases);
}

TEST(DropoutTest, ProbabilitiesAtTheEnds) {
  std::vector<GemmCase> cases;
  for (const double probability : {0x1p-15, 0.1, 0.5, 0.999, 1 - 0x1p-15, 1.0}) {
    GemmCase one{absl::StrCat("p=", probability),
                 WithMask(Gemm(150, 131, 64, v1::DATA_TYPE_BF16), probability), 3};
    EpilogueOf(one.problem).set_source_mode(v1::SOURCE_MODE_RESIDUAL);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

TEST(DropoutTest, OfBothNumbersOfRounds) {
  std::vector<GemmCase> cases;
  for (const int rounds : {7, 10}) {
    GemmCase one{absl::StrCat("rounds=", rounds), WithMask(Gemm(96, 200, 64, v1::DATA_TYPE_BF16)),
                 4};
    EpilogueOf(one.problem).mutable_dropout()->set_philox_rounds(rounds);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

TEST(DropoutTest, BesideEveryOtherPartOfTheEpilogue) {
  const std::pair<const char*, std::function<void(v1::Epilogue&)>> kParts[] = {
      {"accumulate", [](v1::Epilogue& e) { e.set_source_mode(v1::SOURCE_MODE_ACCUMULATE); }},
      {"residual", [](v1::Epilogue& e) { e.set_source_mode(v1::SOURCE_MODE_RESIDUAL); }},
      {"row bias", [](v1::Epilogue& e) { e.set_bias_mode(v1::BIAS_MODE_PER_ROW); }},
      {"aux", [](v1::Epilogue& e) { e.set_aux_type(v1::DATA_TYPE_BF16); }},
      {"aux e4m3", [](v1::Epilogue& e) { e.set_aux_type(v1::DATA_TYPE_E4M3); }},
      {"aux e5m2", [](v1::Epilogue& e) { e.set_aux_type(v1::DATA_TYPE_E5M2); }},
      {"flags",
       [](v1::Epilogue& e) {
         e.set_amax(true);
         e.set_non_finite_flag(true);
       }},
      {"device scalars",
       [](v1::Epilogue& e) {
         e.set_device_scalars(true);
         e.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
       }},
      {"stochastic", [](v1::Epilogue& e) { e.set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC); }}};
  std::vector<GemmCase> cases;
  for (const auto& [name, change] : kParts) {
    for (const int64_t n : {160, 131}) {
      GemmCase one{absl::StrCat(name, " n=", n), WithMask(Gemm(150, n, 128, v1::DATA_TYPE_BF16)),
                   4};
      EpilogueOf(one.problem).set_activation(v1::ACTIVATION_GELU_TANH);
      change(EpilogueOf(one.problem));
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

TEST(DropoutTest, OfBatchesSplitsAndRaggedShapes) {
  GemmCase batches{"batches", WithMask(Gemm(75, 41, 64, v1::DATA_TYPE_BF16)), 6};
  batches.problem.mutable_gemm()->set_batch(5);
  batches.problem.mutable_gemm()->set_ldd(48);
  GemmCase split{"split", WithMask(Gemm(72, 104, 4096, v1::DATA_TYPE_BF16)), 6, true};
  EpilogueOf(split.problem).set_activation(v1::ACTIVATION_SILU);
  std::vector<GemmCase> cases = {batches, split};
  for (const auto& [m, n] :
       {std::pair<int64_t, int64_t>{1, 1}, {1, 300}, {300, 1}, {17, 15}, {257, 1001}}) {
    cases.push_back({absl::StrCat(m, " x ", n), WithMask(Gemm(m, n, 72, v1::DATA_TYPE_BF16)), 4});
  }
  ExpectSound(cases);
}

using DropoutOnHopperTest = HopperTest;

TEST_F(DropoutOnHopperTest, OfFp8Outputs) {
  std::vector<GemmCase> cases;
  for (const v1::DataType output : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16}) {
    for (const int64_t n : {272, 131}) {
      GemmCase one{absl::StrCat(ShortName(output), " n=", n),
                   WithMask(Gemm(264, n, 336, v1::DATA_TYPE_E4M3, output)), 6};
      EpilogueOf(one.problem).set_scale_d(output == v1::DATA_TYPE_E4M3);
      EpilogueOf(one.problem).set_activation(v1::ACTIVATION_GELU_TANH);
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

TEST_F(DropoutOnHopperTest, OnEveryScheduleAndCluster) {
  for (const int64_t n : {392, 397}) {
    ExpectConfigsSound(WithMask(Gemm(333, n, 320, v1::DATA_TYPE_BF16)), EveryScheduleAndCluster());
  }
}

}  // namespace
}  // namespace tilewright
