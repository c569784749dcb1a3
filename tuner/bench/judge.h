// Turns the counts of the checking kernels into a verdict. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_BENCH_JUDGE_H_
#define TILEWRIGHT_TUNER_BENCH_JUDGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel_templates/reference/reference_args.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

class Reference;

// The findings about one output.
struct OutputFindings {
  TensorUse use;
  CheckCounts counts{};
  uint32_t word = 0;  // Its bits, if it has four bytes: a flag.
};

struct CheckFindings {
  std::vector<OutputFindings> outputs;
  CheckCounts workspace{};  // Only touched_outside is used.
  bool repeated = false;
  bool inputs_changed = false;
};

// Returns ||output - reference|| / ||reference|| over the compared elements. Returns 0 if the
// reference is 0.
double RelativeError(const CheckCounts& counts);

// Returns "3 elements of y are off by more than allowed, the first at `place`".
std::string WrongElements(const std::string& name, const CheckCounts& counts,
                          const std::string& place);

// Returns "3 elements of y are Inf or NaN".
std::string NonFiniteElements(const std::string& name, const CheckCounts& counts);

// Returns the first failure in this order, or nothing: OUT_OF_BOUNDS, WRONG_RESULT for elements
// that were never written, NONDETERMINISTIC if `numerics` asks for the same bits, WRONG_RESULT.
// Runs that disagree come before wrong elements because a race makes both.
std::optional<v1::Failure> JudgeCheck(const Reference& reference,
                                      const v1::NumericsPolicy& numerics,
                                      const CheckFindings& findings);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_JUDGE_H_
