#include "proto/support/known_values.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "proto/support/errors.h"
#include "proto/support/message_walk.h"

namespace tilewright {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class KnownValues final : public MessageVisitor {
 public:
  explicit KnownValues(const KnownValuesOptions& options)
      : MessageVisitor({.enums = true}), options_(options) {}

  bool Enters(const Descriptor& type) override { return &type != options_.left_out; }

  absl::Status OnMessage(const Message& message, const FieldPath& path) override {
    const auto& unknown = message.GetReflection()->GetUnknownFields(message);
    if (unknown.field_count() == 0) return absl::OkStatus();
    const std::string field = path.ToString();
    return options_.unknown_field(
        field.empty() ? options_.name : std::string_view(field),
        absl::StrCat("field number ", unknown.field(0).number(),
                     " is not known to this version; update the service or leave it out"));
  }

  absl::Status OnEnum(int value, const EnumDescriptor& type, const FieldPath& path) override {
    if (type.FindValueByNumber(value) != nullptr) return absl::OkStatus();
    std::string names;
    for (int i = 1; i < type.value_count(); ++i) {
      absl::StrAppend(&names, i == 1 ? "" : ", ", type.value(i)->name());
    }
    return InvalidField(
        path.ToString(), "UNKNOWN_ENUM_VALUE",
        absl::StrCat(value, " is not a value of ", type.name(), "; use one of ", names));
  }

 private:
  const KnownValuesOptions& options_;
};

}  // namespace

KnownValuesFilter::KnownValuesFilter(const Descriptor& type, std::vector<const Descriptor*> above) {
  above.push_back(&type);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const Descriptor* message = field.message_type();  // Null if the field has another type.
    const EnumDescriptor* values = field.enum_type();
    if (message == nullptr && values == nullptr) continue;
    if (field.is_repeated() || std::find(above.begin(), above.end(), message) != above.end()) {
      passes_none_ = true;
      return;
    }
    if (message != nullptr) {
      messages_.emplace_back(&field, KnownValuesFilter(*message, above));
    } else {
      int next = 0;
      while (values->FindValueByNumber(next) != nullptr) ++next;
      enums_.push_back({&field, static_cast<unsigned>(next)});
    }
  }
}

bool KnownValuesFilter::Passes(const Message& message) const {
  if (passes_none_) return false;
  const Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return false;
  for (const auto& [field, values] : enums_) {
    if (static_cast<unsigned>(reflection.GetEnumValue(message, field)) >= values) return false;
  }
  for (const auto& [field, filter] : messages_) {
    if (reflection.HasField(message, field) &&
        !filter.Passes(reflection.GetMessage(message, field))) {
      return false;
    }
  }
  return true;
}

absl::Status CheckKnownValues(const Message& message, const KnownValuesOptions& options) {
  KnownValues visitor(options);
  return Walk(message, visitor);
}

}  // namespace tilewright
