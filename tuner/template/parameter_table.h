#ifndef TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_TABLE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/template/parameter.h"

namespace tilewright {

// No template has larger values. Up to this value no product of the first two legality rules
// overflows.
inline constexpr int kMaxParameterValue = 65535;

// A parameter and the member of the config structure that holds it.
template <typename ConfigStruct>
struct ParameterField {
  ParameterInfo info;
  int ConfigStruct::*member;
  // The structure has a default for the member, and the rendered config omits that value.
  bool has_default = false;
};

// INVALID_ARGUMENT, field "variant.config.NAME": the first fault in `config`, which is a parameter
// that is repeated, missing, unknown, out of range or out of order. `sorted`: all parameters of the
// template, by name.
absl::Status WhyNotParsed(const v1::Config& config, const std::vector<ParameterInfo>& sorted);

// All parameters of a template. This one table parses, encodes and renders its configs. Immutable;
// any thread.
template <typename ConfigStruct>
class ParameterTable {
 public:
  // `structure` is the name of ConfigStruct. `fields` are all its members, in their order.
  template <std::size_t kFields>
  ParameterTable(std::string_view structure, const ParameterField<ConfigStruct> (&fields)[kFields])
      : structure_(structure), fields_(std::begin(fields), std::end(fields)), sorted_(fields_) {
    static_assert(kFields == sizeof(ConfigStruct) / sizeof(int),
                  "a member that the table omits would be compiled as 0");
    std::sort(sorted_.begin(), sorted_.end(),
              [](const auto& a, const auto& b) { return a.info.name < b.info.name; });
    for (const auto& field : sorted_) sorted_infos_.push_back(field.info);
  }

  // Returns the parameters sorted by name, as in a Config.
  const std::vector<ParameterInfo>& sorted() const { return sorted_infos_; }
  const std::vector<ParameterField<ConfigStruct>>& fields() const { return fields_; }

  v1::Config Encode(const ConfigStruct& config) const {
    v1::Config message;
    message.mutable_parameters()->Reserve(static_cast<int>(sorted_.size()));
    for (const auto& field : sorted_) {
      v1::Parameter& parameter = *message.add_parameters();
      parameter.set_name(field.info.name.data(), field.info.name.size());
      parameter.set_value(config.*field.member);
    }
    return message;
  }

  // OK for exactly these parameters, sorted, each from its field's least value to
  // kMaxParameterValue.
  absl::StatusOr<ConfigStruct> Parse(const v1::Config& message) const {
    ConfigStruct config{};
    bool fits = message.parameters_size() == static_cast<int>(sorted_.size());
    for (std::size_t i = 0; fits && i < sorted_.size(); ++i) {
      const v1::Parameter& parameter = message.parameters(static_cast<int>(i));
      fits = parameter.name() == sorted_[i].info.name &&
             parameter.value() >= sorted_[i].info.least && parameter.value() <= kMaxParameterValue;
      if (fits) config.*sorted_[i].member = static_cast<int>(parameter.value());
    }
    if (!fits) return WhyNotParsed(message, sorted_infos_);
    return config;
  }

  // Returns the designated initializer of the compiled values. Run-time values are replaced by
  // their least, so that configs that differ only in them share a compile.
  std::string Render(const ConfigStruct& config) const {
    std::string text;
    for (const auto& [info, member, has_default] : fields_) {
      const bool runs = info.kind == ParameterKind::kRunTime || info.kind == ParameterKind::kOrder;
      const int value = runs ? info.least : config.*member;
      if (info.kind == ParameterKind::kSplit) continue;
      if (has_default && value == ConfigStruct{}.*member) continue;
      absl::StrAppend(&text, text.empty() ? "." : ", .", std::string(info.name), " = ", value);
    }
    return absl::StrCat(structure_, "{", text, "}");
  }

 private:
  std::string structure_;
  std::vector<ParameterField<ConfigStruct>> fields_;
  std::vector<ParameterField<ConfigStruct>> sorted_;
  std::vector<ParameterInfo> sorted_infos_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_PARAMETER_TABLE_H_
