#ifndef TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_CANDIDATES_H_
#define TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_CANDIDATES_H_

#include <memory>

#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/candidate_loader.h"
#include "tuner/bench/fused_dropout_reference.h"

namespace tilewright {

// Loads kernels of a fused dropout, which has no vendor. Launches use the scalars of `reference`,
// which outlives this.
std::unique_ptr<CandidateLoader> FusedDropoutCandidates(const v1::FusedDropoutProblem& problem,
                                                        const FusedDropoutReference& reference);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_CANDIDATES_H_
