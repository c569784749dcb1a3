// Whether one candidate is slower than another, and by how much, by samples taken in the same
// rounds. Pure; any thread.
//
// Launch times are skewed (a clock dip or another context only ever slows a launch) and drift:
// while a GPU warms up, every candidate slows by several per cent. What two medians differ by is
// therefore worth little beside their spreads. But sample i of every candidate was taken in
// round i, a fraction of a second apart, so that drift cancels in the ratio of the two, and a
// hiccup spoils its own round alone. Equals are as likely to be ahead in a round as behind,
// whatever the distribution, so the count of rounds behind is that of a coin's heads: the sign
// test, exact for any number of rounds. Rounds that tie speak for neither. Wilcoxon's signed
// ranks see more where the noise is normal (a sign is worth 64 % of a sample, a rank 95 %), but
// give the few hiccups the highest ranks of all: with one launch in ten hiccuping, they find
// 0.8 % of difference under 0.4 % of noise in 79 % of the runs, the signs in 89 %.
#ifndef TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_
#define TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct PairedDifference {
  double ratio = 1;        // Median over the rounds of a's time over b's.
  double probability = 1;  // That of equals a is behind in as many rounds, or more.
};

// Over the rounds that both have. Without common rounds (a summary from elsewhere) the ratio is
// that of the medians, and the probability 1.
PairedDifference ComparePaired(const v1::Measurement& a, const v1::Measurement& b);

// The times of all relative to each other: medians over the rounds of a sample over the median
// sample of its round. Of the medians themselves where there are no common rounds.
std::vector<double> RelativeTimes(const std::vector<const v1::Measurement*>& measurements);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_PAIRED_TEST_H_
