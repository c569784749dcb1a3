#ifndef TILEWRIGHT_TUNER_SELECT_MEDIAN_NOISE_H_
#define TILEWRIGHT_TUNER_SELECT_MEDIAN_NOISE_H_

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Standard error of the median of `measurement`, seconds. `usual_spread` is the relative
// spread (MAD over median) seen in the other candidates of the run: too few samples to have
// a spread of their own borrow it.
double MedianError(const v1::Measurement& measurement, double usual_spread);

// The difference of two medians, seconds, up to which `fast` and `slow` cannot be told apart.
//
// Launch times are skewed (a clock dip or another context only ever slows a launch), so the
// median is the estimate and the MAD its spread; both shrug off outliers where mean and
// variance do not. For samples that are near normal about the median its standard error is
// sqrt(pi / 2) * sigma / sqrt(n) with sigma = 1.4826 * MAD. Candidates are timed interleaved,
// so drift is common to all and the errors of two medians add as squares. We ask for three
// standard errors: of ten equals under 1 % of noise (25 launches, one in ten a hiccup) the one
// that should win by order falls behind the luckiest in one run of seven at two, of sixty at
// three, and each such run is an answer that changes for no reason. Beneath that lies a
// floor of 0.5 %: the event clock ticks in half microseconds, and clocks and memory layout
// favour one candidate through a whole run, which more samples do not average away. Above it
// lies a ceiling of 3 %: what a stable choice may cost where the samples are worth little.
double MedianNoise(const v1::Measurement& fast, const v1::Measurement& slow, double usual_spread);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_MEDIAN_NOISE_H_
