// Epilogues in a launch of their own, by both tensor-core templates, checked by the bench worker;
// and that their masks are those of every other kernel.
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/dropout_launch.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/gemm_problems.h"

namespace tilewright {
namespace {

constexpr GemmSm80Config kSm80 = {.tile_m = 128,
                                  .tile_n = 64,
                                  .tile_k = 32,
                                  .warps_m = 2,
                                  .warps_n = 2,
                                  .stages = 3,
                                  .split_k = 1,
                                  .raster_group = 1,
                                  .split_epilogue = 1};

struct Part {
  const char* name;
  std::function<void(v1::GemmProblem&)> change;
};

const Part kForward[] = {
    {"dropout", [](auto&) {}},
    {"gelu",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_ERF);
       gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
     }},
    {"residual",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
       gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
     }},
    {"accumulate",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
       gemm.mutable_epilogue()->set_device_scalars(true);
     }},
    {"aux",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_TANH);
       gemm.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
     }},
    {"fp32 aux, stochastic",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_FP32);
       gemm.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
     }},
    {"flags",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_amax(true);
       gemm.mutable_epilogue()->set_non_finite_flag(true);
     }},
    {"batches",
     [](auto& gemm) {
       gemm.set_batch(3);
       gemm.mutable_epilogue()->mutable_dropout()->set_philox_rounds(10);
     }},
    {"fp32 D", [](auto& gemm) { gemm.set_d_type(v1::DATA_TYPE_FP32); }},
};

const Part kBackward[] = {
    {"dropout", [](auto&) {}},
    {"gelu",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_ERF);
       gemm.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
     }},
    {"silu of fp8",
     [](auto& gemm) {
       gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_SILU);
       gemm.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_E5M2);
     }},
    {"accumulate, batches",
     [](auto& gemm) {
       gemm.set_batch(3);
       gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
     }},
};

v1::Problem Dropping(int64_t m, int64_t n) {
  v1::Problem problem = Gemm(m, n, 128, v1::DATA_TYPE_BF16);
  v1::Dropout& dropout = *problem.mutable_gemm()->mutable_epilogue()->mutable_dropout();
  dropout.set_probability(0.3);
  dropout.set_store_mask(true);
  return problem;
}

// Neither whole tiles nor whole blocks of a mask; rows at 16 bytes, and not; one tile, and several.
void ForEachProblem(const std::function<void(const v1::Problem&)>& visit) {
  for (const auto& [m, n] : {std::pair<int64_t, int64_t>{150, 136}, {37, 1035}}) {
    for (const Part& part : kForward) {
      SCOPED_TRACE(absl::StrCat("forward, ", part.name, ", n = ", n));
      v1::Problem problem = Dropping(m, n);
      part.change(*problem.mutable_gemm());
      visit(problem);
    }
    for (const Part& part : kBackward) {
      SCOPED_TRACE(absl::StrCat("backward, ", part.name, ", n = ", n));
      v1::Problem problem = Dropping(m, n);
      problem.mutable_gemm()->mutable_epilogue()->set_gradient(true);
      problem.mutable_gemm()->mutable_epilogue()->set_bias_gradient(true);
      part.change(*problem.mutable_gemm());
      visit(problem);
    }
  }
}

TEST(SplitEpilogueTest, OfEveryPartInGemmSm80) {
  ForEachProblem([](const v1::Problem& problem) {
    const v1::Problem canonical = *Canonicalize(problem);
    for (const v1::Candidate& candidate : CheckVariants(canonical, {MakeVariant(kSm80)})) {
      EXPECT_TRUE(candidate.has_measurement())
          << DescribeProblem(canonical) << ": " << candidate.failure().message();
    }
  });
}

TEST(SplitEpilogueTest, HasTheReferencesMask) {
  const DeviceSession session;
  for (const bool gradient : {false, true}) {
    v1::Problem problem = Dropping(150, 131);
    problem.mutable_gemm()->set_batch(2);
    problem.mutable_gemm()->mutable_epilogue()->set_gradient(gradient);
    problem = *Canonicalize(problem);
    const DropoutInputs inputs;
    for (const v1::Kernel& kernel : CompileKernels(problem, {MakeVariant(kSm80)})) {
      const DropoutOutputs outputs = LaunchDropout(session, problem.gemm(), kernel, inputs);
      EXPECT_EQ(outputs.mask, ExpectedMask(problem.gemm(), inputs));
      int wrong = 0;
      for (std::size_t i = 0; i < outputs.d.size(); ++i) {
        wrong += (outputs.d[i] != 0) != KeepsElement(problem.gemm(), inputs, i);
      }
      EXPECT_EQ(wrong, 0);
    }
  }
}

using SplitEpilogueOnHopperTest = HopperTest;

GemmSm90Config Sm90(int tile_m, int tile_n, int ping_pong, int swap_ab, int cluster_n) {
  GemmSm90Config config = PlainSm90Config(tile_m, tile_n, ping_pong, swap_ab);
  config.cluster_n = cluster_n;
  config.split_epilogue = 1;
  config.raster_group = 3;
  return config;
}

TEST_F(SplitEpilogueOnHopperTest, OfEveryPartInGemmSm90) {
  const std::vector<GemmSm90Config> configs = {Sm90(128, 128, 0, 0, 2), Sm90(128, 176, 1, 0, 1),
                                               Sm90(152, 256, 0, 1, 1), Sm90(176, 128, 1, 1, 2)};
  ForEachProblem([&](const v1::Problem& problem) { ExpectConfigsSound(problem, configs); });
}

}  // namespace
}  // namespace tilewright
