// All templates of this version, and what is asked of them by name or of all together. Pure; any
// thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_
#define TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/template.h"

namespace tilewright {

// One of each, in a fixed order. Static lifetime.
const std::vector<const Template*>& Templates();

// The template of that name, or null.
const Template* FindTemplate(std::string_view name);

// INVALID_ARGUMENT, reason UNKNOWN_TEMPLATE, where there is none of the variant's name.
absl::StatusOr<const Template*> TemplateOf(const v1::Variant& variant);

// Every template with its digest, sorted by name.
const std::vector<v1::TemplateDigest>& TemplateDigests();

// Whether kernels of today's templates take arguments of `version`: no launcher takes others.
bool IsArgumentsVersion(int version);

struct RankedVariant {
  v1::Variant variant;
  double predicted_seconds = 0;
};

// What every template that supports the problem enumerates, or `only` that one, fastest by the
// model first; ties in the order of the templates and their configs.
std::vector<RankedVariant> RankVariants(const v1::Problem& problem, const v1::Silicon& silicon,
                                        const Template* only = nullptr);

// How a candidate multiplies and sums: what its template says, or its vendor's record. UNSPECIFIED
// for a variant of no template.
v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Variant& variant);
v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Candidate& candidate);

// Whether a variant's epilogue is a launch of its own.
bool SplitsEpilogue(const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_REGISTRY_H_
