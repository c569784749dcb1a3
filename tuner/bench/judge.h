// From what the checking kernels counted to a verdict. Pure; any thread.
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

// What was found of one output.
struct OutputFindings {
  TensorUse use;
  CheckCounts counts{};
  uint32_t word = 0;  // Its bits, where it has four bytes: a flag.
};

struct CheckFindings {
  std::vector<OutputFindings> outputs;
  CheckCounts workspace{};  // touched_outside alone.
  bool repeated = false;
  bool inputs_changed = false;
};

// ||output - reference|| / ||reference|| over what was compared; 0 where the reference is 0.
double RelativeError(const CheckCounts& counts);

// "3 elements of y are off by more than allowed, the first at `place`".
std::string WrongElements(const std::string& name, const CheckCounts& counts,
                          const std::string& place);

// "3 elements of y are Inf or NaN".
std::string NonFiniteElements(const std::string& name, const CheckCounts& counts);

// The first failure in the order of how much it says: OUT_OF_BOUNDS, WRONG_RESULT for elements
// that were never written, NONDETERMINISTIC where `numerics` asks for the same bits, WRONG_RESULT;
// or nothing. Runs that disagree come before wrong elements because a race makes both.
std::optional<v1::Failure> JudgeCheck(const Reference& reference,
                                      const v1::NumericsPolicy& numerics,
                                      const CheckFindings& findings);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_JUDGE_H_
