// The part of config.h that reads the file. A separate file, because toml++ compiles slowly.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "absl/strings/str_cat.h"
#include "server/operation/config.h"

namespace tilewright {
namespace {

absl::Status ErrorAt(const std::string& file_name, const toml::source_region& source,
                     std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file_name, ":", source.begin.line, ": ",
                                                 absl::string_view(what.data(), what.size())));
}

// Returns the value in the form of a flag, with commas between the elements of an array. Returns
// nothing for tables and dates.
std::optional<std::string> Spell(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return absl::StrCat(number->get());
  if (const auto* real = node.as_floating_point()) return absl::StrCat(real->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* array = node.as_array()) {
    std::string spelled;
    for (const toml::node& element : *array) {
      const std::optional<std::string> word = Spell(element);
      if (!word) return std::nullopt;
      absl::StrAppend(&spelled, spelled.empty() ? "" : ",", *word);
    }
    return spelled;
  }
  return std::nullopt;
}

std::string KnownKeys() {
  std::string keys;
  for (const Setting& setting : Settings()) {
    absl::StrAppend(&keys, keys.empty() ? "" : ", ", setting.name);
  }
  return keys;
}

}  // namespace

absl::Status ApplyToml(std::string_view text, const std::string& file_name, Config& config) {
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    return ErrorAt(file_name, result.error().source(), result.error().description());
  }
  for (const auto& [key, node] : result.table()) {
    const std::string name(key.str());
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      return ErrorAt(file_name, key.source(),
                     absl::StrCat("unknown key '", name, "'; known keys: ", KnownKeys()));
    }
    const std::optional<std::string> value = Spell(node);
    if (!value) {
      return ErrorAt(file_name, node.source(),
                     absl::StrCat(name, ": expected a string, a number or a boolean"));
    }
    if (const absl::Status status = setting->apply(*value, config); !status.ok()) {
      return ErrorAt(file_name, node.source(), absl::StrCat(name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace tilewright
