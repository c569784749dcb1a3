#include "client/cli/problems/problem_text.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"

namespace tilewright::cli {
namespace {

// A problem that the service refuses, or that only a newer version knows, may hold anything. So
// only its shape is shown.
std::string DescribeShape(const v1::Problem& problem) {
  const Family& family = FamilyOf(problem);
  if (problem.kind_case() == v1::Problem::KIND_NOT_SET) return family.Describe(problem);
  const ProblemShape shape = family.ShapeOf(problem);
  const ShapeFields fields = family.shape_fields();
  std::string text(family.name());
  for (const auto& [field, extent] : {std::pair<std::string_view, int64_t>(fields.m, shape.m),
                                      {fields.n, shape.n},
                                      {fields.k, shape.k}}) {
    if (field.empty()) continue;
    absl::StrAppend(&text, " ", std::string(field.substr(field.find('.') + 1)), "=", extent);
  }
  return text;
}

}  // namespace

std::string DescribeProblem(const v1::Problem& problem) {
  const auto canonical = Canonicalize(problem);
  return canonical.ok() ? tilewright::DescribeProblem(*canonical) : DescribeShape(problem);
}

double FloatingPointOperations(const v1::Problem& problem) {
  const auto canonical = Canonicalize(problem);
  return canonical.ok() ? tilewright::FloatingPointOperations(*canonical) : 0;
}

double NeededBytes(const v1::Problem& problem) {
  const auto canonical = Canonicalize(problem);
  if (!canonical.ok() || tilewright::FloatingPointOperations(*canonical) > 0) return 0;
  return MinimumBytes(*canonical);
}

}  // namespace tilewright::cli
