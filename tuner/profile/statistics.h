// Statistics of the race. Pure; any thread.
//
// Why medians: launch times have a sharp lower edge and a long upper tail (clock dips, other
// users of memory), so a mean follows the tail and a minimum follows the luckiest clock. The
// median of r samples has a standard error of about 1.25 * sigma / sqrt(r).
//
// Why the race is safe: on a steady GPU the samples of one kernel, each after an L2 flush,
// spread by 0.5 to 2 %, and drift of the clock is shared because the candidates are
// interleaved. After one round a candidate more than 50 % behind the best is 25 sigma away;
// after two, 20 % is 14 standard errors of the difference; after three, we ask for a
// median 5 % behind (3.5 standard errors at sigma = 2 %, 1.25 * sqrt(2) * 2 % / sqrt(3) = 2 %
// would be one) and for samples that do not even overlap. Only then are the survivors cut to the
// fastest `kFinalists`: the true best would have to be ranked ninth by medians of three, behind
// eight kernels whose own true times are slower. What is lost then is less than the spread
// of those nine.
#ifndef TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_
#define TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_

#include <cstddef>
#include <vector>

namespace tilewright {

// Rounds that every candidate may run, and how many templates go on after them; of the vendor's
// at most eight algorithms fewer, for which the same holds with five in the place of nine.
inline constexpr int kQuickRounds = 3;
inline constexpr int kFinalists = 8;
inline constexpr int kVendorFinalists = 4;

// The middle of the samples (mean of the two middle ones); 0 for none.
double Median(std::vector<double> samples);

// Median of |sample - median|; 0 for none.
double MedianAbsoluteDeviation(const std::vector<double>& samples);

// Whether `samples` are behind the best candidate's beyond what noise explains, after as many
// rounds as `samples` has entries.
bool ClearlySlower(const std::vector<double>& samples, const std::vector<double>& best);

// Indices, in their order, of the candidates that go on. `samples` has one vector a
// candidate. Cuts to `finalists` once kQuickRounds samples are there. The best always goes on.
std::vector<std::size_t> Survivors(const std::vector<std::vector<double>>& samples,
                                   int finalists = kFinalists);

// How many launches one timing takes together: enough that an event's own cost (its
// resolution is 0.5 us, its noise about 1 us) stays below 1 %, and no more than can be
// enqueued while the flush before them runs.
int LaunchesPerSample(double seconds);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_STATISTICS_H_
