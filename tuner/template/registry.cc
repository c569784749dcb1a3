#include "tuner/template/registry.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/problem/gemm/precision.h"
#include "proto/support/errors.h"

namespace tilewright {

// Each is defined in the folder of its name.
const Template& GemmSimtTemplate();
const Template& GemmSm80Template();
const Template& GemmSm90Template();
const Template& FusedDropoutTemplate();

const std::vector<const Template*>& Templates() {
  static const auto& templates = *new std::vector<const Template*>{
      &GemmSimtTemplate(),
      &GemmSm80Template(),
      &GemmSm90Template(),
      &FusedDropoutTemplate(),
  };
  return templates;
}

const Template* FindTemplate(std::string_view name) {
  for (const Template* one : Templates()) {
    if (one->name() == name) return one;
  }
  return nullptr;
}

absl::StatusOr<const Template*> TemplateOf(const v1::Variant& variant) {
  if (const Template* found = FindTemplate(variant.template_name())) return found;
  const auto append = [](std::string* out, const Template* one) { out->append(one->name()); };
  return InvalidField(
      "variant.template_name", "UNKNOWN_TEMPLATE",
      absl::StrCat("no template is named \"", variant.template_name().substr(0, 64),
                   "\"; the templates are ", absl::StrJoin(Templates(), ", ", append)));
}

const std::vector<v1::TemplateDigest>& TemplateDigests() {
  static const auto& digests = *new std::vector<v1::TemplateDigest>([] {
    std::vector<v1::TemplateDigest> all;
    for (const Template* one : Templates()) {
      v1::TemplateDigest& digest = all.emplace_back();
      digest.set_template_name(std::string(one->name()));
      digest.set_digest(one->Digest());
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.template_name() < b.template_name(); });
    return all;
  }());
  return digests;
}

bool IsArgumentsVersion(int version) {
  return std::any_of(Templates().begin(), Templates().end(),
                     [&](const Template* one) { return one->ArgumentsVersion() == version; });
}

std::vector<RankedVariant> RankVariants(const v1::Problem& problem, const v1::Silicon& silicon,
                                        const Template* only) {
  std::vector<RankedVariant> ranked;
  for (const Template* one : Templates()) {
    if (only != nullptr && one != only) continue;
    for (v1::Config& config : one->Enumerate(problem, silicon)) {
      RankedVariant& variant = ranked.emplace_back();
      variant.predicted_seconds = one->PredictSeconds(problem, silicon, config);
      variant.variant.set_template_name(std::string(one->name()));
      *variant.variant.mutable_config() = std::move(config);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.predicted_seconds < b.predicted_seconds;
  });
  return ranked;
}

v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Variant& variant) {
  const Template* found = FindTemplate(variant.template_name());
  return found == nullptr ? v1::PRECISION_UNSPECIFIED
                          : found->PrecisionOf(problem, variant.config());
}

v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Candidate& candidate) {
  return candidate.has_vendor() ? PrecisionOf(problem.gemm(), candidate.vendor())
                                : PrecisionOf(problem, candidate.variant());
}

bool SplitsEpilogue(const v1::Variant& variant) {
  const Template* found = FindTemplate(variant.template_name());
  return found != nullptr && found->SplitsEpilogue(variant.config());
}

}  // namespace tilewright
