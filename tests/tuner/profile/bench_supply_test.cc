// Kernels that come while others are measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "tests/tuner/profile/bench_profiler_fixture.h"
#include "tuner/profile/profiler.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Generations that are known beforehand.
class ListedSupply final : public KernelSupply {
 public:
  explicit ListedSupply(std::deque<std::deque<v1::Kernel>> generations)
      : generations_(std::move(generations)) {}

  std::optional<v1::Kernel> Next() override {
    if (generations_.front().empty()) return std::nullopt;
    v1::Kernel kernel = std::move(generations_.front().front());
    generations_.front().pop_front();
    return kernel;
  }

  bool Continue(const std::vector<double>& seconds) override {
    told_.push_back(seconds);
    if (generations_.size() == 1) return false;
    generations_.pop_front();
    return true;
  }

  const std::vector<std::vector<double>>& told() const { return told_; }

 private:
  std::deque<std::deque<v1::Kernel>> generations_;
  std::vector<std::vector<double>> told_;
};

class BenchSupplyTest : public BenchProfilerTest {
 protected:
  absl::StatusOr<ProfileReport> ProfileSupply(ListedSupply& supply, bool vendor = false,
                                              const std::string& mode = "sound") {
    ProfileRequest request = Request({});
    request.supply = &supply;
    request.include_vendor = vendor;
    return Profile(request, mode);
  }
};

TEST_F(BenchSupplyTest, EveryGenerationIsMeasuredInItsOrder) {
  ListedSupply supply({{Kernel("ok", 1500000), Kernel("wrong")}, {Kernel("ok", 1000000)}});
  const auto report = ProfileSupply(supply, /*vendor=*/true);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->kernels, SizeIs(3));
  ASSERT_THAT(report->vendors, SizeIs(3));
  EXPECT_EQ(report->kernels[1].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_DOUBLE_EQ(report->kernels[2].measurement().median_seconds(), 1e-3);
  EXPECT_THAT(supply.told(), ElementsAre(ElementsAre(1.5e-3, 0), ElementsAre(1.5e-3, 0, 1e-3)));
}

// Sample i of every candidate must be of round i.
TEST_F(BenchSupplyTest, WhatRacedBeforeBeginsAgainWithTheNewcomers) {
  ListedSupply supply({{Kernel("ok", 1000000), Kernel("ok", 9000000)}, {Kernel("ok", 1010000)}});
  const auto report = ProfileSupply(supply);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].measurement().seconds_size(), 5);
  EXPECT_TRUE(report->kernels[1].dropped_early());
  EXPECT_EQ(report->kernels[1].measurement().seconds_size(), 1);
  EXPECT_EQ(report->kernels[2].measurement().seconds_size(), 5);
}

TEST_F(BenchSupplyTest, LeadsNameTheFastestSoFar) {
  ListedSupply supply({{Kernel("ok", 2000000), Kernel("wrong", 1), Kernel("ok", 1500000)},
                       {Kernel("ok", 1700000), Kernel("ok", 1000000)}});
  const auto report = ProfileSupply(supply, /*vendor=*/true);
  ASSERT_TRUE(report.ok()) << report.status();
  std::vector<std::size_t> leaders;
  absl::Duration last;
  for (const Lead& lead : report->leads) {
    EXPECT_GT(lead.after, last);
    last = lead.after;
    leaders.push_back(lead.kernel);
  }
  EXPECT_THAT(leaders, ElementsAre(0, 2, 4));
}

TEST_F(BenchSupplyTest, KernelsOfTheRequestComeFirst) {
  ListedSupply supply({{Kernel("ok", 1000000)}});
  ProfileRequest request = Request({Kernel("ok", 2000000)});
  request.include_vendor = true;
  request.supply = &supply;
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->kernels, SizeIs(2));
  EXPECT_DOUBLE_EQ(report->kernels[0].measurement().median_seconds(), 2e-3);
  ASSERT_FALSE(report->leads.empty());
  EXPECT_EQ(report->leads.back().kernel, 1u);
}

TEST_F(BenchSupplyTest, NoMemoryForTheProblemDefersWhatIsStillToCome) {
  ListedSupply supply({{Kernel("ok"), Kernel("ok")}});
  const auto report = ProfileSupply(supply, /*vendor=*/false, "out_of_memory");
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->kernels, SizeIs(2));
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_EQ(candidate.failure().message(), "no memory for it");
  }
}

}  // namespace
}  // namespace tilewright
