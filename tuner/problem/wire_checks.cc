#include "tuner/problem/wire_checks.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The paths that users see start below Problem: "gemm.lda".
std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

std::string NamesOf(const EnumDescriptor& type) {
  std::string names;
  for (int i = 1; i < type.value_count(); ++i) {
    absl::StrAppend(&names, i == 1 ? "" : ", ", type.value(i)->name());
  }
  return names;
}

absl::Status CheckEnum(const Message& message, const FieldDescriptor& field,
                       const std::string& path) {
  const int value = message.GetReflection()->GetEnumValue(message, &field);
  if (field.enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
  return InvalidField(path, "UNKNOWN_ENUM_VALUE",
                      absl::StrCat(value, " is no ", field.enum_type()->name(), "; use one of ",
                                   NamesOf(*field.enum_type())));
}

}  // namespace

absl::Status CheckWireValues(const Message& message, const std::string& path) {
  const Reflection& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (unknown.field_count() > 0) {
    return Unimplemented(
        path.empty() ? "problem" : path,
        absl::StrCat("field number ", unknown.field(0).number(),
                     " is not known to this version; update the service or leave it out"));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string field_path = Join(path, field->name());
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      RETURN_IF_ERROR(CheckEnum(message, *field, field_path));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      RETURN_IF_ERROR(CheckWireValues(reflection.GetMessage(message, field), field_path));
    }
  }
  return absl::OkStatus();
}

}  // namespace tilewright
