#include "proto/support/message_walk.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsVisited(const FieldDescriptor& field, const MessageVisitor::Wants& wants) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      return wants.enums;
    default:
      return wants.text && field.type() == FieldDescriptor::TYPE_STRING;
  }
}

absl::Status WalkBelow(const Message& message, const FieldPath& path, MessageVisitor& visitor);

// `index` < 0: the field is not repeated.
absl::Status WalkValue(const Message& message, const FieldDescriptor& field, int index,
                       const FieldPath& path, MessageVisitor& visitor) {
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
    default: {
      // Used only if the message keeps the text in another form.
      std::string scratch;
      return visitor.OnText(
          one ? reflection.GetStringReference(message, &field, &scratch)
              : reflection.GetRepeatedStringReference(message, &field, index, &scratch),
          path);
    }
  }
}

absl::Status WalkBelow(const Message& message, const FieldPath& path, MessageVisitor& visitor) {
  if (!visitor.Enters(*message.GetDescriptor())) return absl::OkStatus();
  RETURN_IF_ERROR(visitor.OnMessage(message, path));
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!IsVisited(*field, visitor.wants())) continue;
    if (!field->is_repeated()) {
      RETURN_IF_ERROR(WalkValue(message, *field, -1, FieldPath(path, *field, -1), visitor));
      continue;
    }
    const int size = reflection.FieldSize(message, field);
    for (int i = 0; i < size; ++i) {
      RETURN_IF_ERROR(WalkValue(message, *field, i, FieldPath(path, *field, i), visitor));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string FieldPath::ToString() const {
  if (field_ == nullptr) return "";
  std::string text = above_->ToString();
  absl::StrAppend(&text, text.empty() ? "" : ".", field_->name());
  if (index_ >= 0) absl::StrAppend(&text, "[", index_, "]");
  return text;
}

absl::Status Walk(const Message& message, MessageVisitor& visitor) {
  return WalkBelow(message, FieldPath(), visitor);
}

}  // namespace tilewright
