#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxElements = 64;

}  // namespace

std::string Mutator::MutateBytes(std::string bytes) {
  for (std::size_t i = 0, count = 1 + Below(4); i < count; ++i) {
    const std::size_t at = Below(bytes.size() + 1);
    switch (Below(5)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random_());
        break;
      case 1:
        bytes.erase(at, Below(64));
        break;
      case 2:
        bytes.insert(at, std::string(Below(64), static_cast<char>(random_())));
        break;
      case 3:
        bytes.insert(at, bytes.substr(Below(bytes.size() + 1), Below(256)));
        break;
      default:
        for (std::size_t j = at; j < bytes.size() && j < at + 8; ++j) bytes[j] = '\xff';
    }
  }
  return bytes;
}

void Mutator::MutateMessage(Message& message) {
  for (std::size_t i = 0, count = 1 + Below(4); i < count; ++i) ChangeField(message, 0);
}

int64_t Mutator::Number() {
  static constexpr int64_t kLimits[] = {0,
                                        1,
                                        -1,
                                        2,
                                        3,
                                        7,
                                        8,
                                        15,
                                        16,
                                        31,
                                        32,
                                        33,
                                        64,
                                        100,
                                        127,
                                        128,
                                        255,
                                        256,
                                        257,
                                        1023,
                                        1024,
                                        1025,
                                        4096,
                                        65535,
                                        65536,
                                        1 << 20,
                                        std::numeric_limits<int32_t>::max(),
                                        std::numeric_limits<int32_t>::min(),
                                        int64_t{1} << 31,
                                        int64_t{1} << 32,
                                        int64_t{1} << 48,
                                        int64_t{1} << 60,
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min()};
  const int64_t limit = kLimits[Below(std::size(kLimits))];
  if (!OneIn(4)) return limit;
  return OneIn(2) ? static_cast<int64_t>(random_()) : static_cast<int64_t>(Below(1 << 16));
}

double Mutator::Real() {
  static constexpr double kLimits[] = {0, -0.0, 1, -1, 0.5, 1e-300, 1e300, 1e-9, 1e9, 4e-3};
  switch (Below(8)) {
    case 0:
      return std::nan("");
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return -std::numeric_limits<double>::infinity();
    case 3:
      return std::numeric_limits<double>::denorm_min();
    default:
      return kLimits[Below(std::size(kLimits))];
  }
}

std::string Mutator::Text(const std::string& now) {
  static const std::string kTexts[] = {"",
                                       "a",
                                       "sm_90a",
                                       "sm_80",
                                       "sm_120",
                                       "tilewright_gemm",
                                       std::string(300, 'x'),
                                       std::string("\0x", 2),
                                       "\x1b[2J"};
  return OneIn(2) ? kTexts[Below(std::size(kTexts))] : MutateBytes(now);
}

void Mutator::SetScalar(Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
#define TILEWRIGHT_SET(Type, value)                                         \
  repeated ? reflection.SetRepeated##Type(&message, &field, index, (value)) \
           : reflection.Set##Type(&message, &field, (value));               \
  break
    case FieldDescriptor::CPPTYPE_INT32:
      TILEWRIGHT_SET(Int32, static_cast<int32_t>(Number()));
    case FieldDescriptor::CPPTYPE_UINT32:
      TILEWRIGHT_SET(UInt32, static_cast<uint32_t>(Number()));
    case FieldDescriptor::CPPTYPE_INT64:
      TILEWRIGHT_SET(Int64, Number());
    case FieldDescriptor::CPPTYPE_UINT64:
      TILEWRIGHT_SET(UInt64, static_cast<uint64_t>(Number()));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      TILEWRIGHT_SET(Double, Real());
    case FieldDescriptor::CPPTYPE_FLOAT:
      TILEWRIGHT_SET(Float, static_cast<float>(Real()));
    case FieldDescriptor::CPPTYPE_BOOL:
      TILEWRIGHT_SET(Bool, OneIn(2));
    case FieldDescriptor::CPPTYPE_ENUM: {
      // One more than there are, and now and then any.
      const int value = OneIn(8) ? static_cast<int32_t>(Number())
                                 : static_cast<int>(Below(field.enum_type()->value_count() + 1));
      TILEWRIGHT_SET(EnumValue, value);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string now = repeated ? reflection.GetRepeatedString(message, &field, index)
                                 : reflection.GetString(message, &field);
      TILEWRIGHT_SET(String, Text(now));
    }
    default:
      break;
#undef TILEWRIGHT_SET
  }
}

void Mutator::ChangeField(Message& message, int depth) {
  const auto& descriptor = *message.GetDescriptor();
  if (descriptor.field_count() == 0) return;
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& field =
      *descriptor.field(static_cast<int>(Below(descriptor.field_count())));
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (is_message && depth >= kMaxDepth) return;
  if (!field.is_repeated()) {
    // Below a message as often as there are things below it.
    if (OneIn(is_message ? 16 : 8)) return reflection.ClearField(&message, &field);
    if (is_message) return ChangeField(*reflection.MutableMessage(&message, &field), depth + 1);
    return SetScalar(message, field, -1);
  }
  const int size = reflection.FieldSize(message, &field);
  if (OneIn(8)) return reflection.ClearField(&message, &field);
  if (size > 0 && OneIn(8)) return reflection.RemoveLast(&message, &field);
  if (is_message) {
    Message* element = nullptr;
    if (size == 0 || OneIn(8)) {
      if (size >= static_cast<int>(kMaxElements)) return;
      element = reflection.AddMessage(&message, &field);
      if (size > 0) element->CopyFrom(reflection.GetRepeatedMessage(message, &field, 0));
    } else {
      element = reflection.MutableRepeatedMessage(&message, &field, static_cast<int>(Below(size)));
    }
    return ChangeField(*element, depth + 1);
  }
  if (size > 0) SetScalar(message, field, static_cast<int>(Below(size)));
}

}  // namespace tilewright
