#include "tuner/bench/judge.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/support/failure.h"
#include "tuner/bench/reference.h"

namespace tilewright {
namespace {

std::optional<v1::Failure> OutOfBounds(const Reference& reference, const CheckFindings& findings) {
  const auto failure = [](const CheckCounts& counts, const std::string& name) {
    return MakeFailure(
        v1::FAILURE_KIND_OUT_OF_BOUNDS,
        absl::StrCat("the kernel wrote ", counts.touched_outside, " elements outside of ", name));
  };
  for (const OutputFindings& output : findings.outputs) {
    if (output.counts.touched_outside == 0) continue;
    return failure(output.counts, reference.NameOf(output.use));
  }
  if (findings.workspace.touched_outside > 0) return failure(findings.workspace, "the workspace");
  if (findings.inputs_changed) {
    return MakeFailure(v1::FAILURE_KIND_OUT_OF_BOUNDS, "the kernel wrote to an input");
  }
  return std::nullopt;
}

// Any integer may equal the poison, so those count only if a second run over another poison agrees.
unsigned long long Unwritten(const OutputFindings& output) {
  return IsInteger(output.use.layout.type) ? output.counts.unwritten : output.counts.poisoned;
}

}  // namespace

double RelativeError(const CheckCounts& counts) {
  if (counts.squared_reference <= 0) return 0;
  return std::sqrt(counts.squared_error / counts.squared_reference);
}

std::string WrongElements(const std::string& name, const CheckCounts& counts,
                          const std::string& place) {
  return absl::StrCat(counts.wrong, " elements of ", name,
                      " are off by more than allowed, the first at ", place);
}

std::string NonFiniteElements(const std::string& name, const CheckCounts& counts) {
  return absl::StrCat(counts.non_finite, " elements of ", name, " are Inf or NaN");
}

std::optional<v1::Failure> JudgeCheck(const Reference& reference,
                                      const v1::NumericsPolicy& numerics,
                                      const CheckFindings& findings) {
  if (auto failure = OutOfBounds(reference, findings)) return failure;
  for (const OutputFindings& output : findings.outputs) {
    if (Unwritten(output) == 0) continue;
    return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                       absl::StrCat(Unwritten(output), " elements of ",
                                    reference.NameOf(output.use), " were never written"));
  }
  const bool needs_same_bits = numerics.determinism() != v1::DETERMINISM_MODE_NOT_REQUIRED;
  for (const OutputFindings& output : findings.outputs) {
    if (!findings.repeated || !needs_same_bits || output.counts.differing == 0) continue;
    return MakeFailure(v1::FAILURE_KIND_NONDETERMINISTIC,
                       absl::StrCat(output.counts.differing, " elements of ",
                                    reference.NameOf(output.use), " differ between two runs"));
  }
  for (const OutputFindings& output : findings.outputs) {
    if (auto wrong = reference.WrongValues(output, findings)) {
      return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT, *std::move(wrong));
    }
  }
  return std::nullopt;
}

}  // namespace tilewright
