#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/problem/gemm/epilogue.h"
#include "proto/problem/shared_parts.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

v1::Dropout Dropout(double probability, bool store_mask = false) {
  v1::Dropout dropout;
  dropout.set_probability(probability);
  dropout.set_store_mask(store_mask);
  return dropout;
}

double Canonical(double probability) {
  v1::Dropout dropout = Dropout(probability);
  EXPECT_TRUE(CanonicalizeDropout("dropout", dropout).ok()) << probability;
  return dropout.probability();
}

v1::Epilogue CanonicalEpilogue(const v1::Dropout& dropout) {
  v1::Epilogue epilogue;
  *epilogue.mutable_dropout() = dropout;
  EXPECT_TRUE(CanonicalizeEpilogue(v1::DATA_TYPE_BF16, epilogue).ok());
  return epilogue;
}

TEST(DropoutCanonicalizerTest, ProbabilitiesAreMultiplesOfTheStep) {
  EXPECT_EQ(Canonical(0.1), 3277 / 32768.0);
  EXPECT_EQ(Canonical(0.5), 0.5);
  EXPECT_EQ(Canonical(3 * 0x1p-16), 0x1p-14);  // Ties to even.
  EXPECT_EQ(Canonical(1 - 0x1p-16), 1);
  EXPECT_EQ(Canonical(1), 1);
}

TEST(DropoutCanonicalizerTest, CanonicalProbabilitiesStayAsTheyAre) {
  for (const double probability : {0.0, 0.1, 0.3, 0.9999, 1.0}) {
    EXPECT_EQ(Canonical(Canonical(probability)), Canonical(probability));
  }
}

TEST(DropoutCanonicalizerTest, ProbabilitiesThatMeanTheSameAreTheSame) {
  EXPECT_EQ(CanonicalEpilogue(Dropout(0.1)).SerializeAsString(),
            CanonicalEpilogue(Dropout(0.1 + 1e-9)).SerializeAsString());
}

TEST(DropoutCanonicalizerTest, WhatDropsNothingIsNoDropout) {
  EXPECT_FALSE(CanonicalEpilogue(Dropout(0)).has_dropout());
  EXPECT_FALSE(CanonicalEpilogue(Dropout(-0.0)).has_dropout());
  EXPECT_FALSE(CanonicalEpilogue(Dropout(0x1p-17)).has_dropout());
  EXPECT_TRUE(CanonicalEpilogue(Dropout(0x1.8p-16)).has_dropout());
}

TEST(DropoutCanonicalizerTest, WhatDropsNothingHasNoMask) {
  v1::Dropout dropout = Dropout(1e-6, /*store_mask=*/true);
  const absl::Status status = CanonicalizeDropout("gemm.epilogue.dropout", dropout);
  EXPECT_EQ(ReasonOf(status), "CONTRADICTORY_EPILOGUE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("a probability of 1e-06 drops nothing"));
}

TEST(DropoutCanonicalizerTest, WhatIsNoProbabilityIsRefused) {
  for (const double probability : {-0.1, -1e-9, 1 + 1e-9, std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity()}) {
    v1::Dropout dropout = Dropout(probability);
    const absl::Status status = CanonicalizeDropout("dropout", dropout);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << probability;
    EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE") << probability;
  }
}

TEST(DropoutCanonicalizerTest, RoundsDefaultToSeven) {
  EXPECT_EQ(CanonicalEpilogue(Dropout(0.5)).dropout().philox_rounds(), 7);
}

TEST(DropoutCanonicalizerTest, AuxMayBeFp8) {
  for (const v1::DataType type : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    v1::Epilogue epilogue;
    epilogue.set_aux_type(type);
    EXPECT_TRUE(CanonicalizeEpilogue(v1::DATA_TYPE_BF16, epilogue).ok());
  }
}

}  // namespace
}  // namespace tilewright
