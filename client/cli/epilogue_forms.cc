#include "client/cli/epilogue_forms.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/cli/format.h"

namespace tilewright::cli {
namespace {

bool IsSplit(const v1::Candidate& candidate) {
  const auto& parameters = candidate.variant().config().parameters();
  return std::any_of(parameters.begin(), parameters.end(), [](const v1::Parameter& parameter) {
    return parameter.name() == "split_epilogue" && parameter.value() != 0;
  });
}

double SecondsOf(const v1::Candidate& candidate) {
  return candidate.measurement().median_seconds();
}

double SplitOverFused(const EpilogueForms& forms) {
  return SecondsOf(forms.split) / SecondsOf(forms.fused);
}

Json CandidateToJson(const v1::Candidate& candidate) {
  Json object = Json::object();
  object["seconds"] = SecondsOf(candidate);
  object["relative_error"] = candidate.measurement().relative_error();
  object["kernel"] = DescribeCandidate(candidate);
  return object;
}

}  // namespace

std::optional<EpilogueForms> FastestForms(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates) {
  const v1::Candidate* fastest[2] = {};
  for (const v1::Candidate& candidate : candidates) {
    if (!candidate.has_measurement() || !candidate.has_variant()) continue;
    const v1::Candidate*& known = fastest[IsSplit(candidate)];
    if (known == nullptr || SecondsOf(candidate) < SecondsOf(*known)) known = &candidate;
  }
  if (fastest[0] == nullptr || fastest[1] == nullptr) return std::nullopt;
  return EpilogueForms{*fastest[0], *fastest[1]};
}

std::string RenderForms(const EpilogueForms& forms, const Style& style) {
  Table table({"EPILOGUE", "FASTEST", "ERROR", "KERNEL"}, {false, true, true, false});
  const auto add = [&](const char* name, const v1::Candidate& candidate) {
    table.Add({name, FormatSeconds(SecondsOf(candidate), style),
               absl::StrFormat("%.1e", candidate.measurement().relative_error()),
               DescribeCandidate(candidate)});
  };
  add("fused with the GEMM", forms.fused);
  add("split from it", forms.split);
  const double ratio = SplitOverFused(forms);
  return table.Render(style) +
         absl::StrFormat("The epilogue %s takes %.2f times as long as %s.\n",
                         ratio >= 1 ? "split from the GEMM" : "fused with the GEMM",
                         std::max(ratio, 1 / ratio), ratio >= 1 ? "fused with it" : "split from it");
}

Json FormsToJson(const std::optional<EpilogueForms>& forms) {
  if (!forms) return nullptr;
  Json object = Json::object();
  object["fused"] = CandidateToJson(forms->fused);
  object["split"] = CandidateToJson(forms->split);
  object["split_over_fused"] = SplitOverFused(*forms);
  return object;
}

}  // namespace tilewright::cli
