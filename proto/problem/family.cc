#include "proto/problem/family.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// The family of a problem whose kind is not set.
class NoFamily final : public Family {
 public:
  std::string_view name() const override { return "none"; }
  absl::Status Canonicalize(v1::Problem&) const override {
    const google::protobuf::OneofDescriptor& kinds = *v1::Problem::descriptor()->oneof_decl(0);
    std::vector<std::string> names;
    for (int i = 0; i < kinds.field_count(); ++i) names.push_back(kinds.field(i)->name());
    return InvalidField(
        "problem", "MISSING_FIELD",
        absl::StrCat("does not say what to compute; set ", absl::StrJoin(names, " or ")));
  }
  void Encode(const v1::Problem&, ProblemEncoder&) const override {}
  bool MayServe(const v1::Problem&, const v1::Problem&) const override { return false; }
  void SetShape(const ProblemShape&, v1::Problem&) const override {}
  ProblemShape ShapeOf(const v1::Problem&) const override { return {0, 0, 0, 0}; }
  ShapeFields shape_fields() const override { return {}; }
  std::string Describe(const v1::Problem&) const override { return "unknown problem"; }
  double FloatingPointOperations(const v1::Problem&) const override { return 0; }
  TensorUses TensorsOf(const v1::Problem&) const override { return {}; }
  const v1::NumericsPolicy& NumericsOf(const v1::Problem&) const override {
    return v1::NumericsPolicy::default_instance();
  }
};

const Family& FamilyOfKind(NoProblem) {
  static const auto& none = *new NoFamily;
  return none;
}

}  // namespace

const Family& FamilyOf(const v1::Problem& problem) {
  return VisitProblem(problem,
                      [](const auto& of_kind) -> const Family& { return FamilyOfKind(of_kind); });
}

}  // namespace tilewright
