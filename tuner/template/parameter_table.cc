#include "tuner/template/parameter_table.h"

#include <cstdint>
#include <map>
#include <string>

#include "proto/support/errors.h"

namespace tilewright {
namespace {

absl::Status Refused(std::string_view name, const std::string& reason, const std::string& why) {
  return InvalidField("variant.config." + std::string(name), reason, why);
}

}  // namespace

absl::Status WhyNotParsed(const v1::Config& config, const std::vector<ParameterInfo>& sorted) {
  std::map<std::string_view, int64_t> values;
  for (const v1::Parameter& parameter : config.parameters()) {
    if (!values.emplace(parameter.name(), parameter.value()).second) {
      return Refused(parameter.name(), "REPEATED_PARAMETER", "is given twice");
    }
  }
  for (const ParameterInfo& info : sorted) {
    const auto found = values.find(info.name);
    if (found == values.end()) return Refused(info.name, "MISSING_PARAMETER", "is not given");
    if (found->second < info.least || found->second > kMaxParameterValue) {
      return Refused(
          info.name, "PARAMETER_OUT_OF_RANGE",
          absl::StrCat(found->second, " is not in [", info.least, ", ", kMaxParameterValue, "]"));
    }
    values.erase(found);
  }
  if (!values.empty()) {
    return Refused(values.begin()->first, "UNKNOWN_PARAMETER",
                   "the template has no such parameter");
  }
  return InvalidField("variant.config", "UNSORTED_PARAMETERS", "must be sorted by name");
}

}  // namespace tilewright
