#include "tuner/bench/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tuner/model/tolerance.h"

namespace tilewright {
namespace {

// "batch 0 row 17 column 3" of element `index` of the compared rows.
std::string PlaceOf(const v1::GemmProblem& problem, const CheckFindings& findings,
                    unsigned long long index) {
  const auto n = static_cast<unsigned long long>(problem.n());
  const std::size_t listed = static_cast<std::size_t>(index / n);
  if (listed >= findings.rows.size()) return "an unknown place";
  const int64_t row = findings.rows[listed];
  return absl::StrCat("batch ", row / problem.m(), " row ", row % problem.m(), " column ",
                      index % n);
}

std::optional<v1::Failure> OutOfBounds(const CheckFindings& findings) {
  const std::pair<const char*, const CheckCounts*> regions[] = {
      {"D", &findings.d},
      {"aux", &findings.aux},
      {"the mask", &findings.mask},
      {"the bias gradient", &findings.bias_gradient},
      {"the workspace", &findings.workspace}};
  for (const auto& [name, counts] : regions) {
    if (counts->touched_outside > 0) {
      return MakeFailure(
          v1::FAILURE_KIND_OUT_OF_BOUNDS,
          absl::StrCat(counts->touched_outside, " elements outside of ", name, " were written"));
    }
  }
  if (findings.inputs_changed) {
    return MakeFailure(v1::FAILURE_KIND_OUT_OF_BOUNDS, "an input was written");
  }
  return std::nullopt;
}

// Any integer may equal the poison; for those the second run, over another one, tells.
std::optional<v1::Failure> Unwritten(const char* name, const CheckCounts& counts,
                                     v1::DataType type) {
  const bool is_float = type != v1::DATA_TYPE_INT8 && type != v1::DATA_TYPE_INT32;
  const unsigned long long unwritten = is_float ? counts.poisoned : counts.unwritten;
  if (unwritten == 0) return std::nullopt;
  return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                     absl::StrCat(unwritten, " elements of ", name, " were never written"));
}

std::optional<v1::Failure> WrongOutput(const v1::GemmProblem& problem,
                                       const CheckFindings& findings, const char* name,
                                       const CheckCounts& counts) {
  if (counts.wrong > 0) {
    return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                       absl::StrCat(counts.wrong, " elements of ", name,
                                    " are off by more than allowed, the first at ",
                                    PlaceOf(problem, findings, ~counts.first_wrong)));
  }
  if (counts.non_finite > 0 && !MayOverflow(problem)) {
    return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                       absl::StrCat(counts.non_finite, " elements of ", name, " are Inf or NaN"));
  }
  return std::nullopt;
}

std::optional<v1::Failure> WrongMask(const v1::GemmProblem& problem, const CheckCounts& counts) {
  if (counts.wrong == 0) return std::nullopt;
  const int64_t byte = static_cast<int64_t>(~counts.first_wrong);
  const int64_t row_bytes = PackedMaskRowBytes(problem.n());
  const int64_t row = byte / row_bytes;
  return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                     absl::StrCat(counts.wrong, " bytes of the mask are wrong, the first at batch ",
                                  row / problem.m(), " row ", row % problem.m(), " column ",
                                  byte % row_bytes * 8));
}

std::optional<v1::Failure> WrongBiasGradient(const CheckCounts& counts) {
  if (counts.wrong == 0) return std::nullopt;
  return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                     absl::StrCat(counts.wrong,
                                  " elements of the bias gradient are not the sums of their "
                                  "columns of D, the first at column ",
                                  ~counts.first_wrong));
}

std::optional<v1::Failure> Nondeterministic(const v1::GemmProblem& problem,
                                            const CheckFindings& findings) {
  const unsigned long long differing =
      findings.d.differing + findings.aux.differing + findings.bias_gradient.differing;
  if (!findings.repeated || differing == 0 ||
      problem.numerics().determinism() == v1::DETERMINISM_MODE_NOT_REQUIRED) {
    return std::nullopt;
  }
  return MakeFailure(v1::FAILURE_KIND_NONDETERMINISTIC,
                     absl::StrCat(differing, " elements differ between two runs"));
}

std::optional<v1::Failure> WrongFlags(const v1::GemmProblem& problem,
                                      const CheckFindings& findings) {
  float largest = 0;
  std::memcpy(&largest, &findings.d.largest_bits, sizeof(largest));
  if (problem.epilogue().amax()) {
    // amax is taken before D is scaled and rounded.
    const ReferenceTolerance tolerance = ToleranceFor(problem, false);
    const double allowed = 2 * tolerance.output.unit * largest + tolerance.output.floor;
    double scaled = static_cast<double>(findings.amax) * static_cast<double>(findings.scale_d);
    if (tolerance.output.saturates) scaled = std::min(scaled, tolerance.output.largest);
    if (!(std::abs(scaled - static_cast<double>(largest)) <= allowed)) {
      return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                         absl::StrCat("amax is ", findings.amax, ", the largest of D ", largest));
    }
  }
  const uint32_t expected = findings.d.non_finite > 0 ? 1 : 0;
  if (problem.epilogue().non_finite_flag() && findings.non_finite != expected) {
    return MakeFailure(
        v1::FAILURE_KIND_WRONG_RESULT,
        absl::StrCat("the non-finite flag is ", findings.non_finite, ", not ", expected));
  }
  return std::nullopt;
}

}  // namespace

double RelativeError(const CheckCounts& counts) {
  if (counts.squared_reference <= 0) return 0;
  return std::sqrt(counts.squared_error / counts.squared_reference);
}

v1::Failure MakeFailure(v1::FailureKind kind, const std::string& message) {
  v1::Failure failure;
  failure.set_kind(kind);
  failure.set_message(message);
  return failure;
}

std::optional<v1::Failure> JudgeCheck(const v1::GemmProblem& problem,
                                      const CheckFindings& findings) {
  if (auto failure = OutOfBounds(findings)) return failure;
  if (auto failure = Unwritten("D", findings.d, problem.d_type())) return failure;
  if (HasAux(problem.epilogue())) {
    if (auto failure = Unwritten("aux", findings.aux, problem.epilogue().aux_type())) {
      return failure;
    }
  }
  if (auto failure = Unwritten("the bias gradient", findings.bias_gradient, v1::DATA_TYPE_FP32)) {
    return failure;
  }
  if (auto failure = Nondeterministic(problem, findings)) return failure;
  if (auto failure = WrongOutput(problem, findings, "D", findings.d)) return failure;
  if (auto failure = WrongOutput(problem, findings, "aux", findings.aux)) return failure;
  if (auto failure = WrongMask(problem, findings.mask)) return failure;
  if (auto failure = WrongBiasGradient(findings.bias_gradient)) return failure;
  return WrongFlags(problem, findings);
}

}  // namespace tilewright
