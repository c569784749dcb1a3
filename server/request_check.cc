#include "server/request_check.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status CheckEnum(int value, const FieldDescriptor& field, const std::string& path) {
  if (field.enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
  std::string names;
  for (int i = 1; i < field.enum_type()->value_count(); ++i) {
    absl::StrAppend(&names, i == 1 ? "" : ", ", field.enum_type()->value(i)->name());
  }
  return InvalidField(
      path, "UNKNOWN_ENUM_VALUE",
      absl::StrCat(value, " is no ", field.enum_type()->name(), "; use one of ", names));
}

absl::Status CheckBelow(const Message& message, const std::string& path) {
  if (message.GetDescriptor() == v1::Problem::descriptor()) return absl::OkStatus();
  const Reflection& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (unknown.field_count() > 0) {
    return InvalidField(
        path.empty() ? "request" : path, "UNKNOWN_FIELD",
        absl::StrCat("field number ", unknown.field(0).number(),
                     " is not known to this version; update the service or leave it out"));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_enum = field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    if (!is_enum && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string below = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    if (!field->is_repeated()) {
      RETURN_IF_ERROR(is_enum ? CheckEnum(reflection.GetEnumValue(message, field), *field, below)
                              : CheckBelow(reflection.GetMessage(message, field), below));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const std::string element = absl::StrCat(below, "[", i, "]");
      RETURN_IF_ERROR(
          is_enum ? CheckEnum(reflection.GetRepeatedEnumValue(message, field, i), *field, element)
                  : CheckBelow(reflection.GetRepeatedMessage(message, field, i), element));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckKnown(const Message& request) { return CheckBelow(request, ""); }

}  // namespace tilewright
