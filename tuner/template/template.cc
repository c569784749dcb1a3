#include "tuner/template/template.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tuner/codegen/source_digest.h"
#include "tuner/codegen/template_library.h"

namespace tilewright {

const std::string& Template::Digest() const {
  std::call_once(digested_, [this] { digest_ = ClosureDigest(source_, TemplateLibrary()); });
  return digest_;
}

std::string Template::Describe(const v1::Config& config) const {
  std::map<std::string_view, int64_t> values;
  for (const v1::Parameter& parameter : config.parameters()) {
    values[parameter.name()] = parameter.value();
  }
  std::map<std::string_view, std::vector<int64_t>> groups;
  for (const ParameterInfo& info : ParametersInOrder()) {
    if (!info.group.empty()) groups[info.group].push_back(values[info.name]);
  }
  std::string text(name_);
  const auto add = [&text](std::string_view name, const std::vector<int64_t>& numbers) {
    if (std::all_of(numbers.begin(), numbers.end(), [](int64_t number) { return number == 1; })) {
      return;
    }
    absl::StrAppend(&text, " ", std::string(name), "=", absl::StrJoin(numbers, "x"));
  };
  for (const auto& [name, numbers] : groups) add(name, numbers);
  std::string switches;
  for (const ParameterInfo& info : parameters()) {
    if (!info.group.empty()) continue;
    if (!info.is_switch) {
      add(info.name, {values[info.name]});
    } else if (values[info.name] != 0) {
      absl::StrAppend(&switches, " ", std::string(info.name));
    }
  }
  return text + switches;
}

}  // namespace tilewright
