#ifndef TILEWRIGHT_TUNER_TEMPLATE_TYPED_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TYPED_TEMPLATE_H_

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/template/parameter_table.h"
#include "tuner/template/rule.h"
#include "tuner/template/template.h"

namespace tilewright {

// A template whose configs are a structure of kernel_templates/abi and whose problems are of one
// kind. It converts messages to these types and asks the template with them.
template <typename ProblemKind, typename ConfigStruct>
class TypedTemplate : public Template {
 public:
  using Problem = ProblemKind;
  using Config = ConfigStruct;

  const std::vector<ParameterInfo>& parameters() const final { return table_.sorted(); }

  std::vector<ParameterInfo> ParametersInOrder() const final {
    std::vector<ParameterInfo> infos;
    for (const auto& field : table_.fields()) infos.push_back(field.info);
    return infos;
  }

  std::vector<std::string_view> Constraints() const override {
    std::vector<std::string_view> names = {serves_, "HasParameters"};
    for (const auto& rule : rules_) names.push_back(rule.name());
    return names;
  }

  bool Supports(const v1::Problem& problem, const v1::Silicon& silicon) const final {
    const Problem* part = PartOf(problem);
    return part != nullptr && Serves(*part, silicon);
  }

  std::vector<v1::Config> Enumerate(const v1::Problem& problem,
                                    const v1::Silicon& silicon) const final {
    std::vector<v1::Config> configs;
    if (!Supports(problem, silicon)) return configs;
    for (const Config& config : ConfigsToTry(*PartOf(problem), silicon)) {
      configs.push_back(table_.Encode(config));
    }
    return configs;
  }

  std::optional<std::string> BrokenConstraint(const v1::Problem& problem,
                                              const v1::Silicon& silicon,
                                              const v1::Config& config) const final {
    const auto legal = LegalConfig(problem, silicon, config);
    const auto* broken = std::get_if<std::string_view>(&legal);
    return broken == nullptr ? std::nullopt : std::optional<std::string>(*broken);
  }

  absl::StatusOr<v1::LaunchPlan> PlanFor(const v1::Problem& problem, const v1::Silicon& silicon,
                                         const v1::Config& config) const final {
    const auto legal = LegalConfig(problem, silicon, config);
    if (const auto* broken = std::get_if<std::string_view>(&legal)) {
      return InvalidField("variant.config", "ILLEGAL_CONFIG",
                          absl::StrCat("breaks ", std::string(*broken)));
    }
    const Config& parsed = std::get<Config>(legal);
    v1::LaunchPlan plan = Plan(*PartOf(problem), silicon, parsed);
    plan.set_arguments_version(ArgumentsVersion());
    *plan.mutable_requirements() = Requirements(*PartOf(problem), parsed);
    return plan;
  }

  double PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                        const v1::Config& config) const final {
    const auto legal = LegalConfig(problem, silicon, config);
    const Config* parsed = std::get_if<Config>(&legal);
    return parsed == nullptr ? std::numeric_limits<double>::infinity()
                             : Predict(*PartOf(problem), silicon, *parsed);
  }

  absl::StatusOr<std::string> Render(const v1::Problem& problem,
                                     const v1::Config& config) const final {
    const Problem* part = PartOf(problem);
    if (part == nullptr) {
      return InvalidField("problem", "UNSUPPORTED_PROBLEM",
                          absl::StrCat("has a kind that ", std::string(name()), " does not serve"));
    }
    ASSIGN_OR_RETURN(const Config parsed, table_.Parse(config));
    return Source(*part, parsed);
  }

  v1::Precision PrecisionOf(const v1::Problem& problem, const v1::Config& config) const final {
    const auto parsed = table_.Parse(config);
    return parsed.ok() && PartOf(problem) != nullptr ? Precision(*PartOf(problem), *parsed)
                                                     : v1::PRECISION_UNSPECIFIED;
  }

  bool SplitsEpilogue(const v1::Config& config) const final {
    const auto parsed = table_.Parse(config);
    if (!parsed.ok()) return false;
    return std::any_of(table_.fields().begin(), table_.fields().end(), [&](const auto& field) {
      return field.info.kind == ParameterKind::kSplit && (*parsed).*field.member != 0;
    });
  }

  v1::Config WithoutOrder(const v1::Config& config) const final {
    const auto parsed = table_.Parse(config);
    return parsed.ok() ? table_.Encode(InFirstOrder(*parsed)) : config;
  }

  v1::Config WithoutMirror(const v1::Config& config) const final {
    const auto parsed = table_.Parse(config);
    return parsed.ok() ? table_.Encode(Unmirrored(InFirstOrder(*parsed))) : config;
  }

 protected:
  // `serves`: the name of the constraint that Supports checks. `rules` have static lifetime.
  TypedTemplate(std::string_view name, std::string_view source, const ParameterTable<Config>& table,
                std::string_view serves, Rules<Problem, Config> rules)
      : Template(name, source), table_(table), serves_(serves), rules_(rules) {}

  const ParameterTable<Config>& table() const { return table_; }
  Rules<Problem, Config> rules() const { return rules_; }

  virtual v1::Precision Precision(const Problem& problem, const Config& config) const = 0;

 private:
  // Returns the part of `problem` that is of this kind, or null if it is of another.
  virtual const Problem* PartOf(const v1::Problem& problem) const = 0;
  virtual bool Serves(const Problem& problem, const v1::Silicon& silicon) const = 0;
  // Returns legal configs worth a try.
  virtual std::vector<Config> ConfigsToTry(const Problem& problem,
                                           const v1::Silicon& silicon) const = 0;
  virtual const char* Broken(const Problem& problem, const v1::Silicon& silicon,
                             const Config& config) const {
    return FirstBroken(rules_, problem, silicon, config);
  }
  // Returns the plan without the version of the arguments and the requirements.
  virtual v1::LaunchPlan Plan(const Problem& problem, const v1::Silicon& silicon,
                              const Config& config) const = 0;
  virtual v1::Requirements Requirements(const Problem& problem, const Config& config) const = 0;
  virtual double Predict(const Problem& problem, const v1::Silicon& silicon,
                         const Config& config) const = 0;
  virtual std::string Source(const Problem& problem, const Config& config) const = 0;
  // Returns the config that `config` mirrors, or `config` itself.
  virtual Config Unmirrored(Config config) const { return config; }

  // Returns the parsed config, or the name of the first constraint that it breaks.
  std::variant<Config, std::string_view> LegalConfig(const v1::Problem& problem,
                                                     const v1::Silicon& silicon,
                                                     const v1::Config& config) const {
    if (!Supports(problem, silicon)) return serves_;
    const auto parsed = table_.Parse(config);
    if (!parsed.ok()) return "HasParameters";
    const char* const broken = Broken(*PartOf(problem), silicon, *parsed);
    if (broken != nullptr) return broken;
    return *parsed;
  }

  Config InFirstOrder(Config config) const {
    for (const auto& field : table_.fields()) {
      if (field.info.kind == ParameterKind::kOrder) config.*field.member = field.info.least;
    }
    return config;
  }

  const ParameterTable<Config>& table_;
  const std::string_view serves_;
  const Rules<Problem, Config> rules_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TYPED_TEMPLATE_H_
