#include "client/cli/problems/problem_text.h"

#include "proto/problem/problem.h"

namespace tilewright::cli {
namespace {

// A problem that the service refuses is shown as it is.
v1::Problem Canonical(const v1::Problem& problem) {
  auto canonical = Canonicalize(problem);
  return canonical.ok() ? *std::move(canonical) : problem;
}

}  // namespace

std::string DescribeProblem(const v1::Problem& problem) {
  return tilewright::DescribeProblem(Canonical(problem));
}

double FloatingPointOperations(const v1::Problem& problem) {
  return tilewright::FloatingPointOperations(Canonical(problem));
}

double NeededBytes(const v1::Problem& problem) {
  return FloatingPointOperations(problem) > 0 ? 0 : MinimumBytes(Canonical(problem));
}

}  // namespace tilewright::cli
