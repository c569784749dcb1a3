#include "proto/support/message_walk.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsVisited(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM ||
         field.type() == FieldDescriptor::TYPE_STRING;
}

absl::Status WalkBelow(const Message& message, const std::string& path, MessageVisitor& visitor);

// `index` < 0: the field's one value.
absl::Status WalkValue(const Message& message, const FieldDescriptor& field, int index,
                       const std::string& path, MessageVisitor& visitor) {
  const Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WalkBelow(one ? reflection.GetMessage(message, &field)
                           : reflection.GetRepeatedMessage(message, &field, index),
                       path, visitor);
    case FieldDescriptor::CPPTYPE_ENUM:
      return visitor.OnEnum(one ? reflection.GetEnumValue(message, &field)
                                : reflection.GetRepeatedEnumValue(message, &field, index),
                            *field.enum_type(), path);
    default:
      return visitor.OnText(one ? reflection.GetString(message, &field)
                                : reflection.GetRepeatedString(message, &field, index),
                            path);
  }
}

absl::Status WalkBelow(const Message& message, const std::string& path, MessageVisitor& visitor) {
  if (!visitor.Enters(*message.GetDescriptor())) return absl::OkStatus();
  RETURN_IF_ERROR(visitor.OnMessage(message, path));
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!IsVisited(*field)) continue;
    const std::string below = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    if (!field->is_repeated()) {
      RETURN_IF_ERROR(WalkValue(message, *field, -1, below, visitor));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      RETURN_IF_ERROR(WalkValue(message, *field, i, absl::StrCat(below, "[", i, "]"), visitor));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Walk(const Message& message, MessageVisitor& visitor) {
  return WalkBelow(message, "", visitor);
}

}  // namespace tilewright
