// Correctness of gemm_sm90 by configs that a test chooses, rather than by those of its space.
#ifndef TILEWRIGHT_TESTS_GPU_CONFIG_CASES_H_
#define TILEWRIGHT_TESTS_GPU_CONFIG_CASES_H_

#include <gtest/gtest.h>

#include <vector>

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Tests of what runs on compute capability 9.0 alone; skipped elsewhere.
class HopperTest : public testing::Test {
 protected:
  void SetUp() override;
};

// Schedules and tiles of each kind by clusters of each: every legal pair, with split_k 1.
std::vector<GemmSm90Config> EveryScheduleAndCluster();

// The same for sums that are promoted, which have half the registers.
std::vector<GemmSm90Config> EveryPromotingScheduleAndCluster();

// Profiles those of `configs` that are legal for `problem`, of which there must be some, all
// checks on, and fails the test for what is not sound.
void ExpectConfigsSound(const v1::Problem& problem, const std::vector<GemmSm90Config>& configs);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_CONFIG_CASES_H_
