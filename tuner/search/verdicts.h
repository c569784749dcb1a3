// What a candidate's failure means for its kernel. Any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_
#define TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_

#include <optional>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A verdict on the kernel: not that it ran out of memory or time, nor that
// its rounding is more than this problem admits.
bool IsVerdict(const v1::Failure& failure);

// The shape at which a kernel that failed at `problem` is tried once more, to learn whether it
// fails at all: the same computation in a size that every template has tiles for. Nothing where
// `problem` has that shape itself.
std::optional<v1::Problem> SecondShape(const v1::Problem& problem);

// Variants that differ in run-time values alone share their code: what one of them did is held
// against all.
void FailSharers(std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_
