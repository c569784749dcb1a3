#include "tuner/model/tolerance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tilewright {
namespace {

v1::GemmProblem Problem(v1::DataType input, v1::DataType output, int64_t k) {
  v1::GemmProblem problem;
  problem.set_m(128);
  problem.set_n(128);
  problem.set_k(k);
  problem.set_a_type(input);
  problem.set_b_type(input);
  problem.set_d_type(output);
  problem.set_accumulator_type(input == v1::DATA_TYPE_INT8 ? v1::DATA_TYPE_INT32
                                                           : v1::DATA_TYPE_FP32);
  return problem;
}

TEST(ToleranceTest, IntegersAreExact) {
  const auto tolerance = ToleranceFor(Problem(v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32, 4096), true);
  EXPECT_EQ(tolerance.sum, 0);
  EXPECT_EQ(tolerance.terms, 0);
  EXPECT_EQ(tolerance.output.unit, 0);
  EXPECT_EQ(tolerance.output.floor, 0);
}

TEST(ToleranceTest, OutputUnitsAreHalfASpacing) {
  EXPECT_EQ(ToleranceFor(Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 64), false).output.unit,
            1.0 / 256);
  EXPECT_EQ(ToleranceFor(Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, 64), false).output.unit,
            1.0 / 2048);
  v1::GemmProblem stochastic = Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 64);
  stochastic.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  EXPECT_EQ(ToleranceFor(stochastic, false).output.unit, 1.0 / 128);
}

// Promoted groups of 128 do not add up.
TEST(ToleranceTest, PromotedFp8IsHeldToAGroup) {
  v1::GemmProblem fp8 = Problem(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_FP32, 8192);
  EXPECT_DOUBLE_EQ(ToleranceFor(fp8, false).sum, std::ldexp(std::sqrt(8192.0), -15));
  fp8.mutable_numerics()->set_promote_accumulation(true);
  EXPECT_DOUBLE_EQ(ToleranceFor(fp8, false).sum, std::ldexp(std::sqrt(128.0), -15));
}

TEST(RelativeErrorBoundTest, GrowsFromTheOutputsRoundingWithK) {
  const auto bound = [](v1::DataType output, int64_t k) {
    return RelativeErrorBound(Problem(v1::DATA_TYPE_BF16, output, k), v1::PRECISION_FP32);
  };
  EXPECT_NEAR(bound(v1::DATA_TYPE_BF16, 1), 1.0 / 256, 1e-5);
  EXPECT_NEAR(bound(v1::DATA_TYPE_FP32, 4096), std::ldexp(4096, -21), 1e-4);
  EXPECT_GT(bound(v1::DATA_TYPE_FP32, 8192), bound(v1::DATA_TYPE_FP32, 4096));
  EXPECT_LT(bound(v1::DATA_TYPE_BF16, 8192), 1e-2);
}

TEST(RelativeErrorBoundTest, IsZeroForIntegersAndLargerWithAnActivation) {
  EXPECT_EQ(RelativeErrorBound(Problem(v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32, 4096),
                               v1::PRECISION_INT32),
            0);
  v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, 4096);
  const double plain = RelativeErrorBound(problem, v1::PRECISION_FP32);
  problem.mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  EXPECT_GT(RelativeErrorBound(problem, v1::PRECISION_FP32), plain);
}

TEST(RelativeErrorBoundTest, OrdersThePrecisionsOfFp32) {
  const v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, 4096);
  const auto bound = [&](v1::Precision precision) {
    return RelativeErrorBound(problem, precision);
  };
  // Promoted sums are proven more exact than a chain of 4096 in fp32 is.
  EXPECT_LT(bound(v1::PRECISION_TF32X3_PROMOTED), bound(v1::PRECISION_FP32));
  EXPECT_LT(bound(v1::PRECISION_FP32), bound(v1::PRECISION_TF32X3));
  EXPECT_LT(bound(v1::PRECISION_TF32X3), bound(v1::PRECISION_TF32));
}

// The accumulator of a tensor core, at its worst: each group of products is added with everything
// cut towards zero at 2^-23 of the largest.
void AddTruncating(const std::vector<double>& products, std::size_t group_size, double& sum) {
  for (std::size_t i = 0; i < products.size(); i += group_size) {
    const std::size_t end = std::min(i + group_size, products.size());
    double largest = std::abs(sum);
    for (std::size_t j = i; j < end; ++j) largest = std::max(largest, std::abs(products[j]));
    if (largest == 0) continue;
    const double unit = std::ldexp(1, std::ilogb(largest) - 23);
    double group = std::trunc(sum / unit);
    for (std::size_t j = i; j < end; ++j) group += std::trunc(products[j] / unit);
    sum = group * unit;
  }
}

double TruncatingSum(const std::vector<double>& products) {
  double sum = 0;
  AddTruncating(products, 16, sum);
  return sum;
}

TEST(ToleranceTest, AdmitsATruncatingAccumulator) {
  std::mt19937 generator(3);
  std::normal_distribution<double> normal(0, 1);
  for (const int k : {1, 16, 100, 1024, 8192, 65536}) {
    const double factor =
        ToleranceFor(Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32, k), false).sum;
    for (int trial = 0; trial < 20; ++trial) {
      std::vector<double> products;
      double exact = 0;
      double size = 0;
      for (int i = 0; i < k; ++i) {
        products.push_back(normal(generator) * normal(generator));
        exact += products.back();
        size += std::abs(products.back());
      }
      EXPECT_LE(std::abs(TruncatingSum(products) - exact), factor * size) << "k = " << k;
    }
  }
}

// `value` cut towards zero to `bits` of mantissa, the leading one among them.
double Cut(double value, int bits) {
  if (value == 0) return 0;
  const double unit = std::ldexp(1, std::ilogb(value) - bits + 1);
  return std::trunc(value / unit) * unit;
}
constexpr int kTf32Bits = 11;

// The low part of an fp32 value as the kernel makes it: half of the last place that is read is
// added before the rest is cut off.
double LowPart(double value) {
  const double rest = value - Cut(value, kTf32Bits);
  if (rest == 0) return 0;
  return Cut(rest + std::copysign(std::ldexp(1, std::ilogb(rest) - kTf32Bits), rest), kTf32Bits);
}

// fp32 values as three products: a stage of 32 k is summed in groups of 8, small products first.
double ThreeProducts(const std::vector<double>& a, const std::vector<double>& b, bool promote) {
  double sum = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += 32) {
    std::vector<double> low_high;
    std::vector<double> high_low;
    std::vector<double> high_high;
    for (std::size_t i = begin; i < std::min(begin + 32, a.size()); ++i) {
      low_high.push_back(LowPart(a[i]) * Cut(b[i], kTf32Bits));
      high_low.push_back(Cut(a[i], kTf32Bits) * LowPart(b[i]));
      high_high.push_back(Cut(a[i], kTf32Bits) * Cut(b[i], kTf32Bits));
    }
    double part = promote ? 0 : sum;
    for (const auto* products : {&low_high, &high_low, &high_high}) {
      AddTruncating(*products, 8, part);
    }
    sum = promote ? static_cast<float>(static_cast<float>(sum) + static_cast<float>(part)) : part;
  }
  return sum;
}

// Sums in fp16 that are cut after each group of 8.
double SumInFp16(const std::vector<double>& products) {
  double sum = 0;
  for (std::size_t i = 0; i < products.size(); i += 8) {
    for (std::size_t j = i; j < std::min(i + 8, products.size()); ++j) sum += products[j];
    sum = Cut(sum, 11);
  }
  return sum;
}

struct Sample {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> products;
  double exact = 0;
  double size = 0;
};

Sample NormalSample(int k, std::mt19937& generator) {
  std::normal_distribution<float> normal(0, 1);
  Sample sample;
  for (int i = 0; i < k; ++i) {
    sample.a.push_back(normal(generator));
    sample.b.push_back(normal(generator));
    sample.products.push_back(sample.a.back() * sample.b.back());
    sample.exact += sample.products.back();
    sample.size += std::abs(sample.products.back());
  }
  return sample;
}

TEST(ToleranceTest, AdmitsTheOtherPrecisionsAtTheirWorst) {
  std::mt19937 generator(5);
  for (const int k : {1, 8, 9, 16, 33, 100, 1024, 8192}) {
    const v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, k);
    const auto allowed = [&](v1::Precision precision) {
      return ToleranceFor(problem, precision, false).sum;
    };
    for (int trial = 0; trial < 30; ++trial) {
      const Sample sample = NormalSample(k, generator);
      const auto error = [&](double sum) { return std::abs(sum - sample.exact) / sample.size; };
      EXPECT_LE(error(ThreeProducts(sample.a, sample.b, false)), allowed(v1::PRECISION_TF32X3))
          << "k = " << k;
      EXPECT_LE(error(ThreeProducts(sample.a, sample.b, true)),
                allowed(v1::PRECISION_TF32X3_PROMOTED))
          << "k = " << k;
      std::vector<double> cut;
      for (int i = 0; i < k; ++i) {
        cut.push_back(Cut(sample.a[static_cast<std::size_t>(i)], kTf32Bits) *
                      Cut(sample.b[static_cast<std::size_t>(i)], kTf32Bits));
      }
      EXPECT_LE(error(TruncatingSum(cut)), allowed(v1::PRECISION_TF32)) << "k = " << k;
      EXPECT_LE(error(SumInFp16(sample.products)), allowed(v1::PRECISION_FP16_SUMS)) << "k = " << k;
    }
  }
}

// A low part left out, of either operand, is what a lost fence or barrier would do.
TEST(ToleranceTest, CatchesLowPartsLeftOut) {
  std::mt19937 generator(6);
  const int k = 512;
  const double allowed = ToleranceFor(Problem(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, k),
                                      v1::PRECISION_TF32X3_PROMOTED, false)
                             .sum;
  int caught = 0;
  for (int trial = 0; trial < 30; ++trial) {
    const Sample sample = NormalSample(k, generator);
    double sum = 0;
    for (std::size_t i = 0; i < sample.a.size(); ++i) {
      sum += Cut(sample.a[i], kTf32Bits) * sample.b[i];
    }
    caught += std::abs(sum - sample.exact) > allowed * sample.size;
  }
  EXPECT_GE(caught, 20);
}

// fp16 values that are denormal as sums.
TEST(ToleranceTest, SumsInFp16HaveAFloor) {
  const v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32, 24);
  EXPECT_GE(ToleranceFor(problem, v1::PRECISION_FP16_SUMS, false).output.floor,
            3 * std::ldexp(1, -24));
  EXPECT_LT(ToleranceFor(problem, v1::PRECISION_FP32, false).output.floor, std::ldexp(1, -100));
}

TEST(ToleranceTest, CatchesAProductLeftOut) {
  for (const int k : {64, 1024, 8192}) {
    const double factor =
        ToleranceFor(Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32, k), false).sum;
    const double mean_product = 2 / M_PI;  // Of |x y| for two standard normal values.
    EXPECT_LT(factor * k * mean_product, mean_product / 2) << "k = " << k;
  }
}

TEST(ToleranceTest, AdversarialSumsStayInRange) {
  for (const auto input : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_TF32}) {
    for (const int64_t k : {int64_t{1}, int64_t{777}, int64_t{8192}, int64_t{1} << 30}) {
      const ExponentRange range = AdversarialExponents(Problem(input, v1::DATA_TYPE_FP16, k));
      EXPECT_LE(static_cast<double>(k) * std::ldexp(1, 2 * range.high + 2), 32768.0);
      EXPECT_LT(range.low, range.high);
    }
  }
  const ExponentRange wide =
      AdversarialExponents(Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 4096));
  EXPECT_EQ(wide.high, 20);
}

// Sums of 128 products of int8's ends would be Inf in fp16, and Inf is a failure.
TEST(ToleranceTest, Int8SumsAreScaledIntoTheRangeOfFp16) {
  for (const int64_t k : {1, 2, 128, 5000, 1 << 20}) {
    const double alpha = AlphaForRange(Problem(v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16, k), true);
    EXPECT_LE(alpha * static_cast<double>(k) * 128 * 128, 32768.0) << "k = " << k;
  }
  EXPECT_EQ(AlphaForRange(Problem(v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32, 4096), true), 1);
  EXPECT_EQ(AlphaForRange(Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, 4096), true), 1);
}

// Random sums lie in the middle of an fp8 D's range, the largest adversarial ones at its end.
TEST(ToleranceTest, SumsAreScaledIntoTheRangeOfAnFp8Output) {
  for (const auto output : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    for (const int64_t k : {int64_t{1}, int64_t{200}, int64_t{4096}, int64_t{1} << 20}) {
      v1::GemmProblem problem = Problem(v1::DATA_TYPE_E4M3, output, k);
      problem.set_scaling_mode(v1::SCALING_MODE_PER_ROW_COLUMN);
      problem.mutable_epilogue()->set_scale_d(true);
      const double deviation = AlphaForRange(problem, false) * std::sqrt(static_cast<double>(k));
      EXPECT_LE(deviation, 1.0) << k;
      EXPECT_GE(deviation, 0.25) << k;
      const double largest = AlphaForRange(problem, true) * static_cast<double>(k) *
                             std::ldexp(1, 2 * AdversarialExponents(problem).high + 2);
      EXPECT_LE(8 * largest, ToleranceFor(problem, true).output.largest) << k;
      EXPECT_GE(64 * largest, ToleranceFor(problem, true).output.largest) << k;
    }
  }
}

// Of the products that int8 and fp16 outputs have, with scales of up to 2 each.
TEST(ToleranceTest, ScalesLeaveRoomInTheRangeOfFp16) {
  v1::GemmProblem integers = Problem(v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16, 5000);
  const double plain = AlphaForRange(integers, true);
  integers.set_scaling_mode(v1::SCALING_MODE_PER_TENSOR);
  EXPECT_EQ(AlphaForRange(integers, true) * 4, plain);
  v1::GemmProblem fp8 = Problem(v1::DATA_TYPE_E5M2, v1::DATA_TYPE_FP16, 5000);
  fp8.set_scaling_mode(v1::SCALING_MODE_BLOCK_128);
  const ExponentRange range = AdversarialExponents(fp8);
  EXPECT_LE(4 * 5000 * std::ldexp(1, 2 * range.high + 2), 32768.0);
}

TEST(ToleranceTest, Fp8OutputsSaturate) {
  const auto e4m3 = ToleranceFor(Problem(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E4M3, 64), false);
  EXPECT_EQ(e4m3.output.saturates, 1);
  EXPECT_EQ(e4m3.output.largest, 448);
  EXPECT_EQ(e4m3.output.unit, 1.0 / 16);
  EXPECT_EQ(
      ToleranceFor(Problem(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_FP16, 64), false).output.saturates, 0);
}

TEST(ToleranceTest, DenormalInputsMayBeFlushedOnAdversarialDataAlone) {
  const v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32, 1);
  const double denormal_times_largest =
      7 * std::ldexp(1, -24) * std::ldexp(1, AdversarialExponents(problem).high + 1);
  EXPECT_GE(ToleranceFor(problem, true).output.floor, denormal_times_largest);
  EXPECT_LT(ToleranceFor(problem, false).output.floor, denormal_times_largest / 1000);
}

TEST(ToleranceTest, DropoutsScaleTakesRoomFromTheInputs) {
  v1::GemmProblem problem = Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, 4096);
  const int plain = AdversarialExponents(problem).high;
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.9);
  EXPECT_EQ(DropoutExponents(problem), 4);  // 10 is below 2^4.
  EXPECT_EQ(AdversarialExponents(problem).high, plain - 2);
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  EXPECT_EQ(DropoutExponents(problem), 1);
  problem.mutable_epilogue()->mutable_dropout()->set_probability(1);
  EXPECT_EQ(DropoutExponents(problem), 0);
}

TEST(ToleranceTest, LongSumsThatDropoutScalesMayLeaveFp16) {
  v1::GemmProblem problem = Problem(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, 1 << 20);
  EXPECT_FALSE(MayOverflow(problem));
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  EXPECT_FALSE(MayOverflow(problem));
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.9);
  EXPECT_TRUE(MayOverflow(problem));
  problem.set_k(4096);
  EXPECT_FALSE(MayOverflow(problem));
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.995);
  EXPECT_TRUE(MayOverflow(problem));
  problem.set_d_type(v1::DATA_TYPE_BF16);
  EXPECT_FALSE(MayOverflow(problem));
}

TEST(ToleranceTest, Fp8AuxiliaryOutputsSaturateAndArgumentsDoNot) {
  v1::GemmProblem problem = Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 4096);
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_E4M3);
  EXPECT_EQ(ToleranceFor(problem, false).aux.saturates, 1);
  EXPECT_EQ(ToleranceFor(problem, false).aux.largest, 448);
  EXPECT_EQ(ToleranceFor(problem, false).output.saturates, 0);
  EXPECT_EQ(AlphaForRange(problem, false), 1.0 / 64);
  problem.mutable_epilogue()->set_gradient(true);
  EXPECT_EQ(AlphaForRange(problem, false), 1);
}

// Roundings to bf16 of columns of normal data stay within half their bound, which is 2 at 4096
// rows; a row more or less is beyond it in one column of 22.
TEST(ToleranceTest, SumsOfRoundedColumnsKeepToTheirBoundAndMissNoRow) {
  const ReferenceStored rounding =
      OutputRounding(Problem(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 64));
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  constexpr int kRows = 4096;
  constexpr int kColumns = 220;
  int noticed = 0;
  for (int column = 0; column < kColumns; ++column) {
    double sum = 0;
    double rounded = 0;
    double squares = 0;
    double last = 0;
    for (int row = 0; row < kRows; ++row) {
      last = normal(random);
      int exponent = 0;
      std::frexp(last, &exponent);
      const double step = std::ldexp(1, exponent - 8);
      const double d = std::nearbyint(last / step) * step;
      sum += last;
      rounded += d;
      squares += std::pow(rounding.unit * std::abs(d) + rounding.floor, 2);
    }
    const double bound = 8 * std::sqrt(squares);
    EXPECT_LT(std::abs(rounded - sum), bound / 2);
    noticed += std::abs(rounded - (sum + last)) > bound;
  }
  EXPECT_GE(noticed, 5);
}

}  // namespace
}  // namespace tilewright
