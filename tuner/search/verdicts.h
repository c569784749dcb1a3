// Decides what a candidate's failure means for its kernel. Any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_
#define TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_

#include <optional>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Tells if the failure is a verdict on the kernel. A lack of memory or time is none, and neither
// is rounding that exceeds what this problem admits.
bool IsVerdict(const v1::Failure& failure);

// Returns the shape at which a kernel that failed at `problem` is tried once more, to learn if it
// always fails. It is the same computation in a size that every template has tiles for. Returns
// nothing if `problem` already has that shape.
std::optional<v1::Problem> SecondShape(const v1::Problem& problem);

// Fails every candidate that shares its code with one that has a verdict. Variants that differ
// only in run-time values share their code.
void FailSharers(std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_VERDICTS_H_
