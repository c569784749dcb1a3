#ifndef TILEWRIGHT_CLIENT_C_SET_ENUM_H_
#define TILEWRIGHT_CLIENT_C_SET_ENUM_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::c {

// Calls `set` with the value of that number. INVALID_ARGUMENT, reason UNKNOWN_VALUE.
template <typename Enum>
absl::Status SetEnum(const char* field, int32_t number, const std::function<void(Enum)>& set) {
  const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
  if (type->FindValueByNumber(number) == nullptr) {
    return InvalidField(field, "UNKNOWN_VALUE",
                        absl::StrCat("is no value of its enumeration: ", number));
  }
  set(static_cast<Enum>(number));
  return absl::OkStatus();
}

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_SET_ENUM_H_
