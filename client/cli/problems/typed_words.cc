#include "client/cli/problems/typed_words.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

// Fields of the API whose flags and columns have another name.
constexpr struct {
  std::string_view field;
  const char* name;
} kOtherNames[] = {
    {"a_layout", "layout"},
    {"b_layout", "layout"},
    {"bias_mode", "bias"},
    {"device_ordinal", "device"},
    {"display_name", "name"},
    {"keys", "key"},
    {"non_finite_flag", "non_finite"},
    {"pinned_content_hash", "hash"},
    {"pinned_epoch", "epoch"},
    {"probability", "dropout"},
    {"rounding_mode", "rounding"},
    {"scaling_mode", "scaling"},
    {"source_mode", "source"},
    {"sweep_id", "name"},
    {"template_name", "template"},
};

std::string TypedName(const std::string& field) {
  for (const auto& other : kOtherNames) {
    if (other.field == field) return other.name;
  }
  return field;
}

}  // namespace

std::string FlagOf(const std::string& field) {
  return absl::StrCat("--", absl::StrReplaceAll(field, {{"_", "-"}}));
}

absl::Status InTypedWords(const absl::Status& status,
                          const std::function<std::string(const std::string& name)>& spell) {
  for (const auto& [key, field] : MetadataOf(status)) {
    const std::string prefix = absl::StrCat(field, ": ");
    if (key != "field" || status.message().substr(0, prefix.size()) != prefix) continue;
    std::vector<std::string> parts = absl::StrSplit(field, '.');
    std::vector<std::string> below;
    // Below a config are parameters, which may be named like flags.
    const auto config = std::find(parts.begin(), parts.end(), "config");
    if (config != parts.end()) {
      below.assign(config + 1, parts.end());
      parts.erase(config + 1, parts.end());
    }
    for (; !parts.empty(); parts.pop_back()) {
      const std::string typed = spell(TypedName(parts.back()));
      if (typed.empty()) {
        below.insert(below.begin(), parts.back());
        continue;
      }
      // "--config stages: ..."
      return WithMessage(
          status, absl::StrCat(typed, below.empty() ? "" : " ", absl::StrJoin(below, "."), ": ",
                               status.message().substr(prefix.size())));
    }
  }
  return status;
}

}  // namespace tilewright::cli
