#ifndef TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_
#define TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_

#include <string>
#include <string_view>

#include "google/protobuf/generated_enum_reflection.h"

namespace tilewright {

// Returns the value's name in camel case, without the common prefix of its enum: "kGeluTanh" for
// ACTIVATION_GELU_TANH.
std::string EnumeratorOf(const google::protobuf::EnumDescriptor& type, int value);

// Returns an API value as the templates spell it: "Activation::kGeluTanh". Pure; any thread.
template <typename Enum>
std::string SpecValue(std::string_view type, Enum value) {
  std::string text(type);
  text += "::";
  text += EnumeratorOf(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
  return text;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_
