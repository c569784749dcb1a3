// Every form of the fused dropout against the reference in double precision, through the bench
// worker, and its masks against those of the host.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "proto/problem/dropout_mask.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"

namespace tilewright {
namespace {

constexpr char kDropout[] = "dropout { probability: 0.3 } ";

GemmCase CaseOf(const std::string& fields, int variants = 3) {
  return {fields, FusedDropoutOf(fields), variants};
}

// What the forward form stores for the backward one.
std::string StoresOf(const std::string& form) {
  const bool keeps =
      form.find("NORM") != std::string::npos && form.find("backward") == std::string::npos;
  return keeps ? " store_statistics: true store_pre_norm: true" : "";
}

TEST(FusedDropoutTest, EveryFormAndType) {
  std::vector<GemmCase> cases;
  for (const std::string& form : FusedDropoutForms()) {
    for (const char* type : {"BF16", "FP16", "FP32"}) {
      cases.push_back(CaseOf(absl::StrCat("rows: 200 columns: 1024 type: DATA_TYPE_", type, " ",
                                          kDropout, form, StoresOf(form))));
    }
  }
  ExpectSound(cases);
}

// Columns that end within a vector, rows within a block, and strides that admit narrow accesses.
TEST(FusedDropoutTest, RaggedAndUnalignedShapes) {
  std::vector<GemmCase> cases;
  for (const std::string& form : FusedDropoutForms()) {
    for (const char* shape :
         {"rows: 77 columns: 1001", "rows: 33 columns: 520 x_stride: 522 y_stride: 528",
          "rows: 1 columns: 3", "rows: 9 columns: 17 x_stride: 32 y_stride: 20"}) {
      cases.push_back(CaseOf(absl::StrCat(shape, " ", kDropout, form), 2));
    }
  }
  ExpectSound(cases);
}

TEST(FusedDropoutTest, EveryActivation) {
  std::vector<GemmCase> cases;
  for (const char* activation : {"NONE", "RELU", "GELU_TANH", "GELU_ERF", "SILU"}) {
    for (const char* direction : {"", " backward: true"}) {
      for (const char* type : {"BF16", "FP32"}) {
        cases.push_back(CaseOf(absl::StrCat(
            "rows: 128 columns: 768 operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT "
            "activation: ACTIVATION_",
            activation, " type: DATA_TYPE_", type, " ", kDropout, direction)));
      }
    }
  }
  ExpectSound(cases);
}

TEST(FusedDropoutTest, ProbabilitiesRoundsAndStoredMasks) {
  const std::string forward = "rows: 100 columns: 1000 operation: ";
  std::vector<GemmCase> cases;
  for (const char* dropout :
       {"", "dropout { probability: 0.5 philox_rounds: 10 } ", "dropout { probability: 1 } ",
        "dropout { probability: 0.00002 } ", "dropout { probability: 0.1 store_mask: true } ",
        "dropout { probability: 0.6 philox_rounds: 10 store_mask: true } "}) {
    for (const char* operation :
         {"DROPOUT_OPERATION_DROPOUT", "DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL",
          "DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_RMS_NORM"}) {
      for (const char* direction : {"", "backward: true"}) {
        for (const char* type : {" type: DATA_TYPE_FP16 ", " type: DATA_TYPE_FP32 "}) {
          cases.push_back(CaseOf(absl::StrCat(forward, operation, type, dropout, direction), 6));
        }
      }
    }
  }
  ExpectSound(cases);
}

TEST(FusedDropoutTest, MixedTypesAndAddedGradients) {
  const std::string form =
      "rows: 130 columns: 2048 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL "
      "normalization: NORMALIZATION_LAYER_NORM residual_type: DATA_TYPE_FP32 "
      "weight_type: DATA_TYPE_FP32 bias_type: DATA_TYPE_FP16 ";
  ExpectSound({CaseOf(absl::StrCat(form, kDropout, "store_pre_norm: true store_statistics: true")),
               CaseOf(absl::StrCat(form, kDropout, "backward: true add_gradient: true"))});
}

// Rows that no block holds, and more rows than tiles of one wave.
TEST(FusedDropoutTest, LongRowsAndManyRows) {
  std::vector<GemmCase> cases;
  for (const std::string& form : FusedDropoutForms()) {
    if (form.find("NORM") == std::string::npos) {
      cases.push_back(CaseOf(absl::StrCat("rows: 8192 columns: 4096 ", kDropout, form)));
      continue;
    }
    cases.push_back(CaseOf(absl::StrCat("rows: 40 columns: 70001 ", kDropout, form), 2));
    cases.push_back(CaseOf(absl::StrCat("rows: 8192 columns: 4096 ", kDropout, form), 8));
  }
  ExpectSound(cases);
}

// Rows that are read once, through shared memory: with vectors that the last column cuts, copies
// narrower than 16 bytes, masks that are read, and as long as a block can hold.
TEST(FusedDropoutTest, RowsThatComeThroughARing) {
  std::vector<GemmCase> cases;
  for (const std::string& form : FusedDropoutForms()) {
    if (form.find("NORM") == std::string::npos) continue;
    cases.push_back(CaseOf(absl::StrCat("rows: 333 columns: 1004 ", kDropout, form), 16));
  }
  const std::string residual = "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: ";
  cases.push_back(CaseOf(absl::StrCat("rows: 77 columns: 2050 backward: true add_gradient: true "
                                      "dropout { probability: 0.3 store_mask: true } ",
                                      residual, "NORMALIZATION_LAYER_NORM"),
                         16));
  cases.push_back(CaseOf(absl::StrCat("rows: 300 columns: 12288 backward: true add_gradient: true ",
                                      kDropout, residual, "NORMALIZATION_RMS_NORM"),
                         4));
  ExpectSound(cases);
}

// A launch in this process, as users make it.
TEST(FusedDropoutTest, ForwardAndBackwardKeepWhatTheHostKeeps) {
  constexpr int64_t kRows = 50;
  constexpr int64_t kColumns = 200;
  const DeviceSession session;
  const DropoutMask mask{.seed = 7,
                         .offset = (uint64_t{3} << 40) + 5,
                         .rounds = 7,
                         .threshold = QuantizeProbability(0.3)};
  const std::vector<uint16_t> ones(kRows * kColumns, ToBf16(1.0f));
  const DeviceMemory input = session.Upload(ones);
  const DeviceMemory output = session.Upload(std::vector<uint16_t>(kRows * kColumns));
  for (const char* direction : {"store_mask: true }", "} backward: true"}) {
    const v1::Problem problem = FusedDropoutOf(absl::StrCat(
        "rows: ", kRows, " columns: ", kColumns,
        " operation: DROPOUT_OPERATION_DROPOUT dropout { probability: 0.3 ", direction));
    const bool backward = problem.fused_dropout().backward();
    for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 3, false))) {
      const auto launcher = FusedDropoutLauncher::Create(session.driver(), kernel);
      ASSERT_TRUE(launcher.ok()) << launcher.status();
      const DeviceMemory bits =
          session.Upload(std::vector<uint8_t>(kRows * PackedMaskRowBytes(kColumns)));
      FusedDropoutArguments operands;
      operands.x = operands.dy = input.pointer();
      operands.y = operands.dx = output.pointer();
      operands.mask = bits.pointer();
      operands.seed = mask.seed;
      operands.offset = mask.offset;
      const absl::Status status =
          (*launcher)->Launch(problem.fused_dropout(), operands, session.stream());
      ASSERT_TRUE(status.ok()) << status;
      session.Synchronize();
      const std::vector<uint16_t> values = session.Download<uint16_t>(output);
      for (int64_t i = 0; i < kRows * kColumns; ++i) {
        const bool keeps =
            mask.Keeps(0, static_cast<uint32_t>(i / kColumns), static_cast<uint32_t>(i % kColumns));
        ASSERT_EQ(values[static_cast<std::size_t>(i)] != 0, keeps) << i << " " << direction;
      }
      if (backward) continue;
      EXPECT_EQ(session.Download<uint8_t>(bits),
                PackMask(mask, {.rows = kRows, .columns = kColumns}));
    }
  }
}

// A probability that rounds to nothing is the problem without dropout, with the same kernel.
TEST(FusedDropoutTest, NoProbabilityIsNoDropout) {
  const std::string form = "rows: 64 columns: 64 operation: DROPOUT_OPERATION_DROPOUT ";
  EXPECT_EQ(ProblemKey(FusedDropoutOf(form)),
            ProblemKey(FusedDropoutOf(form + "dropout { probability: 0.000001 }")));
}

}  // namespace
}  // namespace tilewright
