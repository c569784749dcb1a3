#include "tuner/search/verdicts.h"

#include <cstdint>
#include <map>
#include <string>

#include "proto/problem/problem.h"

namespace tilewright {

bool IsVerdict(const v1::Failure& failure) {
  return failure.kind() != v1::FAILURE_KIND_DEFERRED &&
         failure.kind() != v1::FAILURE_KIND_OVER_ERROR_BUDGET;
}

std::optional<v1::Problem> SecondShape(const v1::Problem& problem) {
  // Has a few tiles of any size, and is quick to check.
  constexpr int64_t kExtent = 512;
  auto second = AtShape(problem, {.m = kExtent, .n = kExtent, .k = kExtent});
  if (second && EncodeProblem(*second) == EncodeProblem(problem)) second.reset();
  return second;
}

void FailSharers(std::vector<v1::Candidate>& candidates) {
  std::map<std::string, v1::Failure> verdicts;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.has_failure() && IsVerdict(candidate.failure())) {
      verdicts.emplace(candidate.content_hash(), candidate.failure());
    }
  }
  for (v1::Candidate& candidate : candidates) {
    if (!candidate.has_measurement()) continue;
    const auto verdict = verdicts.find(candidate.content_hash());
    if (verdict != verdicts.end()) *candidate.mutable_failure() = verdict->second;
  }
}

}  // namespace tilewright
