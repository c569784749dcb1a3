#include "proto/problem/gemm/split_epilogue.h"

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::GemmProblem GemmWith(const std::string& fields) {
  return CanonicalProblem(Gemm(fields)).gemm();
}

TEST(SplitsEpilogueTest, OfDropoutAndGradients) {
  EXPECT_TRUE(SplitsEpilogue(GemmWith("epilogue { dropout { probability: 0.1 } }")));
  EXPECT_TRUE(SplitsEpilogue(GemmWith("epilogue { gradient: true bias_gradient: true }")));
  EXPECT_FALSE(SplitsEpilogue(GemmWith("")));
  EXPECT_FALSE(SplitsEpilogue(GemmWith("epilogue { activation: ACTIVATION_GELU_ERF }")));
  EXPECT_FALSE(SplitsEpilogue(GemmWith("epilogue { dropout { probability: 0 } }")));
}

TEST(SplitsEpilogueTest, WhereWhatPassesHasTheRangeOfTheSums) {
  constexpr char kDropout[] = " epilogue { dropout { probability: 0.1 } ";
  const auto splits = [&](const std::string& types, const std::string& more) {
    return SplitsEpilogue(GemmWith(types + kDropout + more + "}"));
  };
  EXPECT_TRUE(splits("a_type: DATA_TYPE_BF16", ""));
  EXPECT_TRUE(splits("a_type: DATA_TYPE_FP32", ""));
  EXPECT_FALSE(splits("a_type: DATA_TYPE_FP16", ""));
  EXPECT_TRUE(splits("a_type: DATA_TYPE_FP16", "aux_type: DATA_TYPE_FP32"));
  EXPECT_FALSE(splits("a_type: DATA_TYPE_BF16", "aux_type: DATA_TYPE_E5M2"));
  EXPECT_FALSE(splits("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_E4M3", ""));
  // A gradient reads aux: its type does not matter.
  EXPECT_TRUE(splits("a_type: DATA_TYPE_BF16",
                     "gradient: true activation: ACTIVATION_SILU aux_type: DATA_TYPE_E5M2"));
  // Rounded to the nearest first, it would be biased.
  EXPECT_FALSE(splits("a_type: DATA_TYPE_BF16", "rounding_mode: ROUNDING_MODE_STOCHASTIC"));
  EXPECT_TRUE(splits("a_type: DATA_TYPE_BF16",
                     "rounding_mode: ROUNDING_MODE_STOCHASTIC aux_type: DATA_TYPE_FP32"));
}

// The first launch is a problem that might be asked for.
TEST(GemmOfSplitTest, IsACanonicalProblem) {
  for (const char* fields :
       {"epilogue { dropout { probability: 0.1 store_mask: true } bias_mode: BIAS_MODE_PER_COLUMN "
        "activation: ACTIVATION_SILU amax: true non_finite_flag: true "
        "source_mode: SOURCE_MODE_RESIDUAL }",
        "epilogue { dropout { probability: 0.1 } aux_type: DATA_TYPE_FP32 "
        "source_mode: SOURCE_MODE_ACCUMULATE device_scalars: true }",
        "batch: 3 epilogue { gradient: true bias_gradient: true activation: ACTIVATION_RELU "
        "aux_type: DATA_TYPE_BF16 }"}) {
    v1::Problem first;
    *first.mutable_gemm() = GemmOfSplit(GemmWith(fields));
    const auto canonical = Canonicalize(first);
    ASSERT_TRUE(canonical.ok()) << canonical.status();
    EXPECT_TRUE(MessageDifferencer::Equals(first, *canonical))
        << first.DebugString() << canonical->DebugString();
  }
}

TEST(GemmOfSplitTest, KeepsWhatMakesZ) {
  EXPECT_TRUE(MessageDifferencer::Equals(
      GemmOfSplit(GemmWith("epilogue { dropout { probability: 0.1 } activation: ACTIVATION_SILU "
                           "bias_mode: BIAS_MODE_PER_ROW source_mode: SOURCE_MODE_ACCUMULATE }")),
      GemmWith("epilogue { bias_mode: BIAS_MODE_PER_ROW source_mode: SOURCE_MODE_ACCUMULATE }")));
  EXPECT_TRUE(
      MessageDifferencer::Equals(GemmOfSplit(GemmWith("epilogue { dropout { probability: 0.1 } "
                                                      "source_mode: SOURCE_MODE_RESIDUAL }")),
                                 GemmWith("")));
}

TEST(GemmOfSplitTest, StoresAuxWhereThereIs) {
  EXPECT_TRUE(MessageDifferencer::Equals(
      GemmOfSplit(GemmWith("ld_aux: 96 ldd: 64 epilogue { dropout { probability: 0.1 } "
                           "aux_type: DATA_TYPE_FP32 }")),
      GemmWith("d_type: DATA_TYPE_FP32 ldd: 96")));
}

}  // namespace
}  // namespace tilewright
