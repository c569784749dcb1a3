// All templates of this version, and questions to one by name or to all. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_
#define TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/template.h"

namespace tilewright {

// Returns one of each template, in a fixed order. Static lifetime.
const std::vector<const Template*>& Templates();

// Returns the template of that name, or null.
const Template* FindTemplate(std::string_view name);

// INVALID_ARGUMENT, reason UNKNOWN_TEMPLATE: no template has the variant's name.
absl::StatusOr<const Template*> TemplateOf(const v1::Variant& variant);

// Returns every template with its digest, sorted by name.
const std::vector<v1::TemplateDigest>& TemplateDigests();

// Tells if kernels of today's templates take arguments of `version`. No launcher takes others.
bool IsArgumentsVersion(int version);

struct RankedVariant {
  v1::Variant variant;
  double predicted_seconds = 0;
};

// Returns the configs that every template for the problem, or `only` that one, enumerates. The
// model's fastest comes first; ties keep the order of the templates and their configs.
std::vector<RankedVariant> RankVariants(const v1::Problem& problem, const v1::Silicon& silicon,
                                        const Template* only = nullptr);

// Returns how a candidate multiplies and sums, from its template or its vendor's record.
// UNSPECIFIED for a variant of no template.
v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Variant& variant);
v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Candidate& candidate);

// Tells if a variant's epilogue is a launch of its own.
bool SplitsEpilogue(const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_
