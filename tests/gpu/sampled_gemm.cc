#include "tests/gpu/sampled_gemm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

constexpr int kSamples = 300;
// bf16 keeps 8 bits, and a sum in parts rounds each of them: two bits of slack. A kernel that
// computes anything else is wrong by the size of the sum, sqrt(k).
constexpr double kTolerance = 0x1p-6;

std::vector<uint16_t> Random(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<uint16_t> values(static_cast<std::size_t>(count));
  for (uint16_t& value : values) value = ToBf16(normal(generator));
  return values;
}

std::size_t At(int64_t row, int64_t columns, int64_t column) {
  return static_cast<std::size_t>(row * columns + column);
}

std::vector<std::pair<int64_t, int64_t>> Places(int64_t m, int64_t n) {
  std::vector<std::pair<int64_t, int64_t>> places{{0, 0}, {0, n - 1}, {m - 1, 0}, {m - 1, n - 1}};
  std::mt19937 generator(7);
  std::uniform_int_distribution<int64_t> row(0, m - 1);
  std::uniform_int_distribution<int64_t> column(0, n - 1);
  for (int i = 0; i < kSamples; ++i) places.emplace_back(row(generator), column(generator));
  return places;
}

bool HasBias(const v1::GemmProblem& problem) {
  return problem.epilogue().bias_mode() == v1::BIAS_MODE_PER_COLUMN;
}

}  // namespace

SampledGemm::SampledGemm(const DeviceSession& session, const v1::GemmProblem& problem,
                         int64_t workspace_bytes)
    : session_(session),
      problem_(problem),
      a_(Random(problem.m() * problem.k(), 1)),
      b_(Random(problem.n() * problem.k(), 2)),
      bias_(Random(HasBias(problem) ? problem.n() : 0, 3)),
      device_a_(session.Upload(a_)),
      device_b_(session.Upload(b_)),
      device_bias_(bias_.empty() ? DeviceMemory() : session.Upload(bias_)),
      device_d_(session.Upload(std::vector<uint16_t>(At(problem.m(), problem.n(), 0), 0xFFFF))),
      workspace_(*DeviceMemory::Allocate(session.driver(), workspace_bytes)) {
  arguments_.a = device_a_.pointer();
  arguments_.b = device_b_.pointer();
  arguments_.bias = device_bias_.pointer();
  arguments_.d = device_d_.pointer();
  arguments_.workspace = workspace_.pointer();
  arguments_.workspace_bytes = workspace_.bytes();
}

double SampledGemm::Reference(int64_t row, int64_t column) const {
  double sum = 0;
  for (int64_t i = 0; i < problem_.k(); ++i) {
    sum +=
        double{FromBf16(a_[At(row, problem_.k(), i)])} * FromBf16(b_[At(column, problem_.k(), i)]);
  }
  if (!bias_.empty()) sum += FromBf16(bias_[static_cast<std::size_t>(column)]);
  return problem_.epilogue().activation() == v1::ACTIVATION_RELU ? std::max(sum, 0.0) : sum;
}

void SampledGemm::ExpectSound() const {
  session_.Synchronize();
  const std::vector<uint16_t> d = session_.Download<uint16_t>(device_d_);
  const double sum_size = std::sqrt(static_cast<double>(problem_.k()));
  for (const auto& [row, column] : Places(problem_.m(), problem_.n())) {
    const double expected = Reference(row, column);
    EXPECT_NEAR(FromBf16(d[At(row, problem_.n(), column)]), expected,
                kTolerance * (std::abs(expected) + sum_size))
        << "row " << row << ", column " << column;
  }
}

}  // namespace tilewright
