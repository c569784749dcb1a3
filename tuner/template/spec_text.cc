#include "tuner/template/spec_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace tilewright {

std::string EnumeratorOf(const google::protobuf::EnumDescriptor& type, int value) {
  // The zero value is called PREFIX_UNSPECIFIED.
  const absl::string_view prefix =
      absl::StripSuffix(type.FindValueByNumber(0)->name(), "UNSPECIFIED");
  std::string text = "k";
  for (const absl::string_view word :
       absl::StrSplit(absl::StripPrefix(type.FindValueByNumber(value)->name(), prefix), '_')) {
    text += absl::AsciiStrToLower(word);
    text[text.size() - word.size()] = absl::ascii_toupper(word.front());
  }
  return text;
}

}  // namespace tilewright
