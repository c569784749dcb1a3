#include "proto/problem/family.h"

#include "proto/problem/fused_dropout/fused_dropout_family.h"
#include "proto/problem/gemm/gemm_family.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// Of a problem that says not what to compute.
class NoFamily final : public Family {
 public:
  std::string_view name() const override { return "none"; }
  absl::Status Canonicalize(v1::Problem&) const override {
    return InvalidField("problem", "MISSING_FIELD",
                        "says not what to compute; set gemm or fused_dropout");
  }
  void Encode(const v1::Problem&, ProblemEncoder&) const override {}
  void ClearShape(v1::Problem&) const override {}
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

}  // namespace

const Family& FamilyOf(const v1::Problem& problem) {
  static const auto& none = *new NoFamily;
  return VisitProblem(
      problem, Overloaded{[](const v1::GemmProblem&) -> const Family& { return GemmFamily(); },
                          [](const v1::FusedDropoutProblem&) -> const Family& {
                            return FusedDropoutFamily();
                          },
                          [](NoProblem) -> const Family& { return none; }});
}

}  // namespace tilewright
