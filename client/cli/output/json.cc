#include "client/cli/output/json.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <string>

#include "client/cli/problems/enum_names.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

// Longer byte fields are native code. JSON has their size and not their bytes.
constexpr size_t kLongestHex = 256;

Json BytesToJson(const std::string& bytes) {
  if (bytes.size() > kLongestHex) return Json{{"bytes", bytes.size()}};
  return ToHex(bytes);
}

Json MessageToJson(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return TimeUtil::ToString(static_cast<const google::protobuf::Timestamp&>(message));
  }
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    return static_cast<double>(TimeUtil::DurationToMilliseconds(
               static_cast<const google::protobuf::Duration&>(message))) /
           1e3;
  }
  return ToJson(message);
}

// `index` < 0 means the field's only value.
Json ValueToJson(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflect = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
#define TILEWRIGHT_CASE(type, getter)                 \
  case FieldDescriptor::CPPTYPE_##type:               \
    return one ? reflect.Get##getter(message, &field) \
               : reflect.GetRepeated##getter(message, &field, index);
    TILEWRIGHT_CASE(INT32, Int32)
    TILEWRIGHT_CASE(INT64, Int64)
    TILEWRIGHT_CASE(UINT32, UInt32)
    TILEWRIGHT_CASE(UINT64, UInt64)
    TILEWRIGHT_CASE(DOUBLE, Double)
    TILEWRIGHT_CASE(FLOAT, Float)
    TILEWRIGHT_CASE(BOOL, Bool)
#undef TILEWRIGHT_CASE
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(*field.enum_type(),
                      one ? reflect.GetEnumValue(message, &field)
                          : reflect.GetRepeatedEnumValue(message, &field, index));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = one ? reflect.GetString(message, &field)
                                   : reflect.GetRepeatedString(message, &field, index);
      return field.type() == FieldDescriptor::TYPE_BYTES ? BytesToJson(text) : Json(text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageToJson(one ? reflect.GetMessage(message, &field)
                               : reflect.GetRepeatedMessage(message, &field, index));
  }
  return nullptr;
}

}  // namespace

Json ToJson(const Message& message) {
  Json object = Json::object();
  const auto& type = *message.GetDescriptor();
  const Reflection& reflect = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      Json list = Json::array();
      for (int j = 0; j < reflect.FieldSize(message, &field); ++j) {
        list.push_back(ValueToJson(message, field, j));
      }
      object[field.name()] = std::move(list);
    } else if (!field.has_presence() || reflect.HasField(message, &field)) {
      object[field.name()] = ValueToJson(message, field, -1);
    }
  }
  return object;
}

namespace {

// Returns `value` with all strings and keys in UTF-8.
Json InUtf8(const Json& value) {
  if (value.is_string()) return ToUtf8(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, element] : value.items()) {
    if (value.is_array()) {
      copy.push_back(InUtf8(element));
    } else {
      copy[ToUtf8(key)] = InUtf8(element);
    }
  }
  return copy;
}

}  // namespace

std::string JsonText(const Json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const Json::type_error&) {  // Thrown only for text that is not UTF-8.
    return InUtf8(value).dump(indent);
  }
}

Json NumberOrNull(double value) { return value > 0 ? Json(value) : Json(nullptr); }

Json ErrorToJson(const absl::Status& status) {
  Json error{{"code", absl::StatusCodeToString(status.code())},
             {"reason", ReasonOf(status)},
             {"message", std::string(status.message())}};
  if (const auto info = ErrorInfoOf(status)) {
    for (const auto& [key, value] : info->metadata()) error[key] = value;
  }
  return Json{{"error", error}};
}

}  // namespace tilewright::cli
