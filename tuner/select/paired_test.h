// Decides from samples of the same rounds if one candidate is slower than another, and by how
// much. Pure; any thread.
//
// Launch times are skewed (a clock dip or another context only ever slows a launch) and drift:
// while a GPU warms up, every candidate slows by several per cent. The difference of two medians
// is small beside their spreads. But sample i of every candidate was taken in round i, a fraction
// of a second apart, so drift cancels in the ratio of the two, and a hiccup spoils only its own
// round. An equal candidate is as likely ahead in a round as behind, whatever the distribution. So
// the rounds behind count like a coin's heads: the sign test, exact for any number of rounds. Tied
// rounds do not count. Wilcoxon's signed ranks see more if the noise is normal (a sign is worth
// 64 % of a sample, a rank 95 %), but give the few hiccups the highest ranks: if one launch in ten
// hiccups, they find a difference of 0.8 % under noise of 0.4 % in 79 % of the runs, signs in 89 %.
#ifndef TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_
#define TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct PairedDifference {
  double ratio = 1;        // Median over the rounds of a's time over b's.
  double probability = 1;  // That an equal candidate is behind in at least as many rounds as a.
};

// Compares over the rounds that both have. Without common rounds (a summary from elsewhere) the
// ratio is that of the medians, and the probability is 1.
PairedDifference ComparePaired(const v1::Measurement& a, const v1::Measurement& b);

// Returns the relative times of all candidates: each sample is divided by the median sample of its
// round, and the median of these ratios is taken. Without common rounds, uses the medians.
std::vector<double> RelativeTimes(const std::vector<const v1::Measurement*>& measurements);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_
