#ifndef TILEWRIGHT_TUNER_BENCH_GEMM_CANDIDATES_H_
#define TILEWRIGHT_TUNER_BENCH_GEMM_CANDIDATES_H_

#include <memory>

#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/candidate_loader.h"
#include "tuner/bench/gemm_reference.h"

namespace tilewright {

// Loads kernels of a GEMM and cublasLt's algorithms. Launches use the scalars of `reference`, which
// outlives this.
std::unique_ptr<CandidateLoader> GemmCandidates(const v1::GemmProblem& problem,
                                                const GemmReference& reference);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_GEMM_CANDIDATES_H_
