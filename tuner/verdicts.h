// What a candidate's failure means for its kernel. Any thread.
#ifndef TILEWRIGHT_TUNER_VERDICTS_H_
#define TILEWRIGHT_TUNER_VERDICTS_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// A verdict on the kernel, whatever the problem: not that it ran out of memory or time, nor that
// its rounding is more than this problem admits.
bool IsVerdict(const v1::Failure& failure);

// Variants that differ in run-time values alone share their code: what one of them did is held
// against all.
void FailSharers(std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_VERDICTS_H_
