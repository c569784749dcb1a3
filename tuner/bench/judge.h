// From what the checking kernels counted to a verdict. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_BENCH_JUDGE_H_
#define TILEWRIGHT_TUNER_BENCH_JUDGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel_templates/reference/reference_args.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

struct CheckFindings {
  CheckCounts d{};
  CheckCounts aux{};
  CheckCounts mask{};  // Wrong bytes, and touched_outside.
  CheckCounts bias_gradient{};
  CheckCounts workspace{};  // touched_outside alone.
  bool repeated = false;
  bool inputs_changed = false;
  float amax = 0;
  float scale_d = 1;
  uint32_t non_finite = 0;
  std::vector<int64_t> rows;  // The rows that were compared.
};

// ||D - reference|| / ||reference|| over the compared rows; 0 where the reference is 0.
double RelativeError(const CheckCounts& counts);

v1::Failure MakeFailure(v1::FailureKind kind, const std::string& message);

// The first failure in the order of how much it says: OUT_OF_BOUNDS, WRONG_RESULT for elements
// that were never written, NONDETERMINISTIC, WRONG_RESULT; or nothing. Runs that disagree come
// before wrong elements because a race makes both.
std::optional<v1::Failure> JudgeCheck(const v1::GemmProblem& problem,
                                      const CheckFindings& findings);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_JUDGE_H_
