#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

using Change = std::function<void(v1::Epilogue&)>;

void ExpectEpilogues(v1::DataType input, v1::DataType output,
                     const std::vector<std::pair<std::string, Change>>& changes) {
  std::vector<GemmCase> cases;
  for (const auto& [name, change] : changes) {
    // One shape with whole tiles and wide rows, one with neither.
    for (const int64_t n : {int64_t{160}, int64_t{131}}) {
      GemmCase one{absl::StrCat(ShortName(input), " ", name, " n=", n),
                   Gemm(150, n, 128, input, output), 3};
      change(*one.problem.mutable_gemm()->mutable_epilogue());
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

std::vector<std::pair<std::string, Change>> CommonEpilogues() {
  return {
      {"bias per column", [](v1::Epilogue& e) { e.set_bias_mode(v1::BIAS_MODE_PER_COLUMN); }},
      {"bias per row", [](v1::Epilogue& e) { e.set_bias_mode(v1::BIAS_MODE_PER_ROW); }},
      {"accumulate", [](v1::Epilogue& e) { e.set_source_mode(v1::SOURCE_MODE_ACCUMULATE); }},
      {"residual", [](v1::Epilogue& e) { e.set_source_mode(v1::SOURCE_MODE_RESIDUAL); }},
      {"everything",
       [](v1::Epilogue& e) {
         e.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
         e.set_bias_type(v1::DATA_TYPE_FP32);
         e.set_source_mode(v1::SOURCE_MODE_RESIDUAL);
         e.set_source_type(v1::DATA_TYPE_BF16);
         e.set_activation(v1::ACTIVATION_GELU_TANH);
         e.set_aux_type(v1::DATA_TYPE_FP32);
         e.set_amax(true);
         e.set_non_finite_flag(true);
       }},
  };
}

TEST(EpiloguesTest, CommonToBf16) {
  ExpectEpilogues(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, CommonEpilogues());
}

TEST(EpiloguesTest, CommonToFp32) {
  ExpectEpilogues(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, CommonEpilogues());
}

TEST(EpiloguesTest, CommonToInt8WithFloatOutput) {
  ExpectEpilogues(v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16, CommonEpilogues());
}

TEST(EpiloguesTest, EveryActivation) {
  std::vector<std::pair<std::string, Change>> changes;
  for (const auto activation : {v1::ACTIVATION_RELU, v1::ACTIVATION_GELU_TANH,
                                v1::ACTIVATION_GELU_ERF, v1::ACTIVATION_SILU}) {
    changes.emplace_back(v1::Activation_Name(activation),
                         [=](v1::Epilogue& e) { e.set_activation(activation); });
  }
  ExpectEpilogues(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, changes);
  ExpectEpilogues(v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32, changes);
}

TEST(EpiloguesTest, AuxiliaryOutputsAndFlags) {
  ExpectEpilogues(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16,
                  {{"aux fp16",
                    [](v1::Epilogue& e) {
                      e.set_activation(v1::ACTIVATION_SILU);
                      e.set_aux_type(v1::DATA_TYPE_FP16);
                    }},
                   {"aux bf16",
                    [](v1::Epilogue& e) {
                      e.set_activation(v1::ACTIVATION_RELU);
                      e.set_aux_type(v1::DATA_TYPE_BF16);
                    }},
                   {"amax", [](v1::Epilogue& e) { e.set_amax(true); }},
                   {"non-finite flag", [](v1::Epilogue& e) { e.set_non_finite_flag(true); }}});
}

TEST(EpiloguesTest, StochasticRounding) {
  const Change stochastic = [](v1::Epilogue& e) {
    e.set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  };
  ExpectEpilogues(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, {{"stochastic", stochastic}});
  ExpectEpilogues(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, {{"stochastic", stochastic}});
}

// The epilogue of a split product runs once, on the sum of the partials.
TEST(EpiloguesTest, AfterASplitAlongK) {
  std::vector<GemmCase> cases;
  for (const auto& [name, change] : CommonEpilogues()) {
    GemmCase one{absl::StrCat("split ", name), Gemm(72, 104, 4096, v1::DATA_TYPE_BF16), 3, true};
    change(*one.problem.mutable_gemm()->mutable_epilogue());
    cases.push_back(one);
  }
  ExpectSound(cases);
}

// Padding of C and aux is as wide as it likes, and is left alone.
TEST(EpiloguesTest, PaddedSourceAndAux) {
  GemmCase one{"padded", Gemm(100, 96, 64, v1::DATA_TYPE_BF16), 4};
  v1::GemmProblem& gemm = *one.problem.mutable_gemm();
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  gemm.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  gemm.set_ldc(112);
  gemm.set_ldd(128);
  gemm.set_ld_aux(105);
  ExpectSound({one});
}

}  // namespace
}  // namespace tilewright
