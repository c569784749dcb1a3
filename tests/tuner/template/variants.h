// What the template of a variant says, for tests that have variants.
#ifndef TILEWRIGHT_TESTS_TUNER_TEMPLATE_VARIANTS_H_
#define TILEWRIGHT_TESTS_TUNER_TEMPLATE_VARIANTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/support/status_macros.h"
#include "tuner/template/registry.h"

namespace tilewright {

inline absl::StatusOr<v1::LaunchPlan> PlanForVariant(const v1::Problem& problem,
                                                     const v1::Silicon& silicon,
                                                     const v1::Variant& variant) {
  ASSIGN_OR_RETURN(const Template* const of, TemplateOf(variant));
  return of->PlanFor(problem, silicon, variant.config());
}

inline absl::StatusOr<std::string> RenderSource(const v1::Problem& problem,
                                                const v1::Variant& variant) {
  ASSIGN_OR_RETURN(const Template* const of, TemplateOf(variant));
  return of->Render(problem, variant.config());
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_TEMPLATE_VARIANTS_H_
