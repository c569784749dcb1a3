#ifndef TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_
#define TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_

#include <string>
#include <string_view>

#include "google/protobuf/generated_enum_reflection.h"

namespace tilewright {

// The value's name without what all values of its enum begin with, in camel case: "kGeluTanh" of
// ACTIVATION_GELU_TANH.
std::string EnumeratorOf(const google::protobuf::EnumDescriptor& type, int value);

// A value of the API as the templates spell it: "Activation::kGeluTanh". Pure; any thread.
template <typename Enum>
std::string SpecValue(std::string_view type, Enum value) {
  std::string text(type);
  text += "::";
  text += EnumeratorOf(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
  return text;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_SPEC_TEXT_H_
