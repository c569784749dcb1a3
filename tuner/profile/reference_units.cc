#include "tuner/profile/reference_units.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/visit_problem.h"

namespace tilewright {
namespace {

// Returns the name in reference/elements.cuh: "kBf16".
std::string TypeConstant(v1::DataType type) {
  std::string name = TypeName(type);
  name.front() = absl::ascii_toupper(static_cast<unsigned char>(name.front()));
  return absl::StrCat("k", name);
}

// Adds what every problem needs: inputs, and checks that do not know the computation. The
// problem's own unit comes first, because it takes longest to compile.
std::vector<ReferenceUnit> WithCommonUnits(ReferenceUnit own) {
  return {
      std::move(own),
      {"#include \"reference/fill.cuh\"\n", {"tilewright_reference_fill"}},
      {"#include \"reference/checks.cuh\"\n",
       {"tilewright_reference_compare", "tilewright_reference_scan", "tilewright_reference_runs",
        "tilewright_reference_guard", "tilewright_reference_checksum"}}};
}

ReferenceUnit DropoutChecks() {
  return {"#include \"reference/dropout_checks.cuh\"\n",
          {"tilewright_reference_mask", "tilewright_reference_column_totals",
           "tilewright_reference_compare_columns"}};
}

std::vector<ReferenceUnit> UnitsOf(const v1::GemmProblem& problem) {
  std::vector<ReferenceUnit> units = WithCommonUnits(
      {absl::StrCat("#include \"reference/gemm_reference.cuh\"\n\nTILEWRIGHT_GEMM_REFERENCE(",
                    TypeConstant(problem.a_type()), ", ", TypeConstant(problem.b_type()), ")\n"),
       {"tilewright_reference_gemm"}});
  if (problem.epilogue().dropout().store_mask() || problem.epilogue().bias_gradient()) {
    units.push_back(DropoutChecks());
  }
  return units;
}

std::vector<ReferenceUnit> UnitsOf(const v1::FusedDropoutProblem& problem) {
  std::vector<ReferenceUnit> units =
      WithCommonUnits({"#include \"reference/fused_dropout_checks.cuh\"\n",
                       {"tilewright_reference_fused_rows", "tilewright_reference_fused_columns",
                        "tilewright_reference_fused_compare", "tilewright_reference_fused_mask"}});
  if (problem.dropout().store_mask()) units.push_back(DropoutChecks());
  return units;
}

std::vector<ReferenceUnit> UnitsOf(NoProblem) { return {}; }

}  // namespace

std::vector<ReferenceUnit> ReferenceUnits(const v1::Problem& problem) {
  return VisitProblem(problem, [](const auto& of_kind) { return UnitsOf(of_kind); });
}

}  // namespace tilewright
