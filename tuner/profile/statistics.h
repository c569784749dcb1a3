// Statistics of the race. Pure; any thread.
//
// Why medians: launch times have a sharp lower edge and a long upper tail (clock dips, other
// users of memory), so a mean follows the tail and a minimum follows the luckiest clock. The
// median of r samples has a standard error of about 1.25 * sigma / sqrt(r).
//
// Why the race is safe: on a steady GPU the samples of one kernel, each after an L2 flush, spread
// by 0.5 to 2 %. All candidates share the drift of the clock, because they are interleaved. After
// one round, a candidate that is more than 50 % behind the best is 25 sigma away. After two, 20 %
// is 14 standard errors of the difference. After three, a candidate leaves if its median is 5 %
// behind (3.5 standard errors at sigma = 2 %; one would be 1.25 * sqrt(2) * 2 % / sqrt(3) = 2 %)
// and its samples do not even overlap the best's. Only then are the survivors cut to the fastest
// `kFinalists`. The true best is lost only if the medians of three rank it ninth, behind eight
// kernels that are truly slower. The loss is then less than the spread of those nine.
#ifndef TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_
#define TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_

#include <cstddef>
#include <vector>

namespace tilewright {

// The number of rounds that every candidate may run, and how many templates continue after them.
// Of the vendor's at most eight algorithms fewer continue; there the true best must rank fifth.
inline constexpr int kQuickRounds = 3;
inline constexpr int kFinalists = 8;
inline constexpr int kVendorFinalists = 4;

// Returns the middle of the samples (the mean of the two middle ones); 0 for none.
double Median(std::vector<double> samples);

// Returns the median of |sample - median|; 0 for none.
double MedianAbsoluteDeviation(const std::vector<double>& samples);

// Tells if `samples` are further behind the best candidate's than noise explains. The limit depends
// on the number of samples, one for each round.
bool ClearlySlower(const std::vector<double>& samples, const std::vector<double>& best);

// Returns the indices of the candidates that continue, in their order. `samples` has one vector for
// each candidate. Cuts to `finalists` after kQuickRounds samples. The best always continues.
std::vector<std::size_t> Survivors(const std::vector<std::vector<double>>& samples,
                                   int finalists = kFinalists);

// Returns how many launches one timing takes together. They are enough to keep an event's own cost
// (its resolution is 0.5 us, its noise about 1 us) below 1 %, and no more than can be enqueued
// while the flush before them runs.
int LaunchesPerSample(double seconds);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_
