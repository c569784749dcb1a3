// The backward form, checked by the bench worker: every element against the reference, the gradient
// of the bias against the columns of D, runs against each other.
#include <gtest/gtest.h>

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

// The gradient of dropout(activation(z)) with that of the bias; layout NN, as dy . W has it.
v1::Problem Gradient(v1::Problem problem, v1::Activation activation,
                     v1::DataType aux_type = v1::DATA_TYPE_BF16) {
  SetLayout(problem, "NN");
  v1::Epilogue& epilogue = EpilogueOf(problem);
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  epilogue.set_activation(activation);
  if (activation != v1::ACTIVATION_NONE) epilogue.set_aux_type(aux_type);
  epilogue.mutable_dropout()->set_probability(0.3);
  return problem;
}

TEST(GradientTest, OfEveryActivation) {
  std::vector<GemmCase> cases;
  for (const v1::Activation activation : kActivations) {
    for (const int64_t n : {160, 136}) {
      cases.push_back({absl::StrCat(v1::Activation_Name(activation), " n=", n),
                       Gradient(Gemm(150, n, 128, v1::DATA_TYPE_BF16), activation), 6});
    }
    cases.push_back({absl::StrCat(v1::Activation_Name(activation), " to fp32"),
                     Gradient(Gemm(150, 131, 128, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32),
                              activation, v1::DATA_TYPE_FP32),
                     4});
  }
  ExpectSound(cases);
}

TEST(GradientTest, OfArgumentsOfEveryType) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP16, v1::DATA_TYPE_BF16,
                                  v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    for (const int64_t n : {160, 131}) {
      cases.push_back(
          {absl::StrCat(ShortName(type), " n=", n),
           Gradient(Gemm(150, n, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_GELU_TANH, type), 4});
    }
  }
  ExpectSound(cases);
}

TEST(GradientTest, OfEveryType) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP16}) {
    cases.push_back({ShortName(type), Gradient(Gemm(150, 136, 128, type), v1::ACTIVATION_SILU), 6});
  }
  cases.push_back(
      {"int8",
       Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16), v1::ACTIVATION_RELU),
       6});
  SetLayout(cases.back().problem, "NT");
  ExpectSound(cases);
}

TEST(GradientTest, AccumulatesWithScalarsInDeviceMemory) {
  std::vector<GemmCase> cases;
  for (const bool device_scalars : {false, true}) {
    GemmCase one{absl::StrCat("device scalars ", device_scalars),
                 Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_SILU), 6};
    EpilogueOf(one.problem).set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
    EpilogueOf(one.problem).set_source_type(v1::DATA_TYPE_FP32);
    EpilogueOf(one.problem).set_device_scalars(device_scalars);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

TEST(GradientTest, WithoutDropoutAndWithoutTheBias) {
  GemmCase activation{"activation alone",
                      Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_GELU_ERF),
                      6};
  EpilogueOf(activation.problem).clear_dropout();
  EpilogueOf(activation.problem).set_bias_gradient(false);
  GemmCase sums{"sums alone",
                Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_NONE), 6};
  EpilogueOf(sums.problem).clear_dropout();
  GemmCase flags{"flags", Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_RELU),
                 6};
  EpilogueOf(flags.problem).set_amax(true);
  EpilogueOf(flags.problem).set_non_finite_flag(true);
  EpilogueOf(flags.problem).mutable_dropout()->set_store_mask(true);
  GemmCase stochastic{"stochastic",
                      Gradient(Gemm(150, 136, 128, v1::DATA_TYPE_BF16), v1::ACTIVATION_SILU), 6};
  EpilogueOf(stochastic.problem).set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  ExpectSound({activation, sums, flags, stochastic});
}

TEST(GradientTest, OfBatchesSplitsAndRaggedShapes) {
  GemmCase batches{"batches", Gradient(Gemm(75, 40, 64, v1::DATA_TYPE_BF16), v1::ACTIVATION_SILU),
                   6};
  batches.problem.mutable_gemm()->set_batch(5);
  batches.problem.mutable_gemm()->set_ld_aux(44);
  GemmCase split{"split",
                 Gradient(Gemm(72, 104, 4096, v1::DATA_TYPE_BF16), v1::ACTIVATION_GELU_TANH), 6,
                 true};
  // Sums of columns are of values that the main step computes.
  EpilogueOf(split.problem).set_bias_gradient(false);
  std::vector<GemmCase> cases = {batches, split};
  for (const auto& [m, n] :
       {std::pair<int64_t, int64_t>{1, 1}, {1, 300}, {300, 1}, {17, 15}, {2000, 129}}) {
    GemmCase one{absl::StrCat(m, " x ", n),
                 Gradient(Gemm(m, n, 72, v1::DATA_TYPE_BF16), v1::ACTIVATION_RELU), 4};
    SetLayout(one.problem, "NT");
    cases.push_back(one);
  }
  ExpectSound(cases);
}

// Many rows, of which a sample alone has a reference: sums that leave out or repeat a tile show.
TEST(GradientTest, OfManyRows) {
  ExpectSound(
      {{"many rows",
        Gradient(Gemm(16384, 1024, 1024, v1::DATA_TYPE_BF16), v1::ACTIVATION_GELU_TANH), 8}});
}

using GradientOnHopperTest = HopperTest;

TEST_F(GradientOnHopperTest, OfFp8Outputs) {
  std::vector<GemmCase> cases;
  for (const v1::DataType output : {v1::DATA_TYPE_E5M2, v1::DATA_TYPE_BF16}) {
    GemmCase one{ShortName(output),
                 Gradient(Gemm(264, 272, 336, v1::DATA_TYPE_E5M2, output), v1::ACTIVATION_GELU_TANH,
                          v1::DATA_TYPE_E4M3),
                 6};
    SetLayout(one.problem, "NT");
    EpilogueOf(one.problem).set_scale_d(output == v1::DATA_TYPE_E5M2);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

TEST_F(GradientOnHopperTest, OnEveryScheduleAndCluster) {
  for (const v1::Activation activation : {v1::ACTIVATION_NONE, v1::ACTIVATION_GELU_TANH}) {
    ExpectConfigsSound(Gradient(Gemm(333, 392, 320, v1::DATA_TYPE_BF16), activation),
                       EveryScheduleAndCluster());
  }
}

}  // namespace
}  // namespace tilewright
