#include "client/cli/output/epilogue_forms.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/format.h"

namespace tilewright::cli {
namespace {

double SecondsOf(const v1::Candidate& candidate) {
  return candidate.has_measurement() ? candidate.measurement().median_seconds()
                                     : candidate.predicted_seconds();
}

int RoundsOf(const v1::Candidate& candidate) { return candidate.measurement().seconds_size(); }

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Returns the time of `a` over that of `b`: the median over the rounds that both ran in. A large
// product heats the GPU until it clocks down; a candidate that left the race early ran before that.
double PairedRatio(const v1::Candidate& a, const v1::Candidate& b) {
  const int rounds = std::min(RoundsOf(a), RoundsOf(b));
  if (rounds == 0) return SecondsOf(a) / SecondsOf(b);
  std::vector<double> ratios;
  for (int i = 0; i < rounds; ++i) {
    ratios.push_back(a.measurement().seconds(i) / b.measurement().seconds(i));
  }
  return Median(std::move(ratios));
}

double SplitOverFused(const EpilogueForms& forms) { return PairedRatio(forms.split, forms.fused); }

Json CandidateToJson(const v1::Candidate& candidate) {
  Json object = Json::object();
  object["seconds"] = SecondsOf(candidate);
  if (candidate.has_measurement()) {
    object["relative_error"] = candidate.measurement().relative_error();
  }
  object["kernel"] = DescribeCandidate(candidate);
  return object;
}

}  // namespace

std::optional<EpilogueForms> FastestForms(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates) {
  const bool is_measured =
      std::any_of(candidates.begin(), candidates.end(),
                  [](const v1::Candidate& candidate) { return candidate.has_measurement(); });
  const auto counts = [&](const v1::Candidate& candidate) {
    if (!candidate.has_variant()) return false;
    return is_measured ? candidate.has_measurement()
                       : !candidate.has_failure() && candidate.predicted_seconds() > 0;
  };
  // Compares all candidates with one that ran to the end.
  const v1::Candidate* longest = nullptr;
  for (const v1::Candidate& candidate : candidates) {
    if (!counts(candidate)) continue;
    if (longest == nullptr || RoundsOf(candidate) > RoundsOf(*longest)) longest = &candidate;
  }
  const v1::Candidate* fastest[2] = {};
  double least[2] = {};
  for (const v1::Candidate& candidate : candidates) {
    if (!counts(candidate)) continue;
    const int form = candidate.splits_epilogue() ? 1 : 0;
    const double ratio = PairedRatio(candidate, *longest);
    if (fastest[form] != nullptr && ratio >= least[form]) continue;
    fastest[form] = &candidate;
    least[form] = ratio;
  }
  if (fastest[0] == nullptr || fastest[1] == nullptr) return std::nullopt;
  return EpilogueForms{*fastest[0], *fastest[1], is_measured};
}

std::string RenderForms(const EpilogueForms& forms, const Style& style) {
  Table table({"EPILOGUE", "FASTEST", "ERROR", "KERNEL"}, {false, true, true, false});
  const auto add = [&](const char* name, const v1::Candidate& candidate) {
    const std::string seconds = FormatSeconds(SecondsOf(candidate), style);
    table.Add({name, forms.is_measured ? seconds : absl::StrCat("~", seconds),
               forms.is_measured ? absl::StrFormat("%.1e", candidate.measurement().relative_error())
                                 : "-",
               DescribeCandidate(candidate)});
  };
  add("fused with the GEMM", forms.fused);
  add("split from it", forms.split);
  const double ratio = SplitOverFused(forms);
  return table.Render(style) +
         absl::StrFormat("The epilogue %s takes %s%.2f times as long as %s, %s.\n",
                         ratio >= 1 ? "split from the GEMM" : "fused with the GEMM",
                         forms.is_measured ? "" : "~", std::max(ratio, 1 / ratio),
                         ratio >= 1 ? "fused with it" : "split from it",
                         forms.is_measured ? "round by round" : "by the cost model");
}

Json FormsToJson(const std::optional<EpilogueForms>& forms) {
  if (!forms) return nullptr;
  Json object = Json::object();
  object["measured"] = forms->is_measured;
  object["fused"] = CandidateToJson(forms->fused);
  object["split"] = CandidateToJson(forms->split);
  object["split_over_fused"] = SplitOverFused(*forms);
  return object;
}

}  // namespace tilewright::cli
