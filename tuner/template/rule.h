#ifndef TILEWRIGHT_TUNER_TEMPLATE_RULE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_RULE_H_

#include <span>
#include <type_traits>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// A constraint on the configs of a template: a name and the function that decides. The function
// takes the config alone, also the problem, or also the GPU. Literal.
template <typename ProblemKind, typename ConfigStruct>
class Rule {
 public:
  using OfConfig = bool (*)(const ConfigStruct&);
  using OfProblem = bool (*)(const ProblemKind&, const ConfigStruct&);
  using OfGpu = bool (*)(const ProblemKind&, const v1::Silicon&, const ConfigStruct&);

  constexpr Rule(const char* name, OfConfig holds) : name_(name), of_config_(holds) {}
  constexpr Rule(const char* name, OfProblem holds) : name_(name), of_problem_(holds) {}
  constexpr Rule(const char* name, OfGpu holds) : name_(name), of_gpu_(holds) {}

  const char* name() const { return name_; }

  bool Holds(const ProblemKind& problem, const v1::Silicon& silicon,
             const ConfigStruct& config) const {
    return of_config_ != nullptr    ? of_config_(config)
           : of_problem_ != nullptr ? of_problem_(problem, config)
                                    : of_gpu_(problem, silicon, config);
  }

 private:
  const char* name_;
  OfConfig of_config_ = nullptr;
  OfProblem of_problem_ = nullptr;
  OfGpu of_gpu_ = nullptr;
};

// The order matters: each rule's arithmetic stays within the bounds that earlier rules set.
template <typename ProblemKind, typename ConfigStruct>
using Rules = std::span<const Rule<ProblemKind, ConfigStruct>>;

// Returns the name of the first rule that `config` breaks, or null.
template <typename ProblemKind, typename ConfigStruct>
const char* FirstBroken(std::type_identity_t<Rules<ProblemKind, ConfigStruct>> rules,
                        const ProblemKind& problem, const v1::Silicon& silicon,
                        const ConfigStruct& config) {
  for (const auto& rule : rules) {
    if (!rule.Holds(problem, silicon, config)) return rule.name();
  }
  return nullptr;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_RULE_H_
