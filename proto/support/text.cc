#include "proto/support/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "proto/support/errors.h"
#include "proto/support/message_walk.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// One character, or one byte that is not part of a character.
struct Decoded {
  bool valid = false;
  std::size_t bytes = 1;
  std::uint32_t code = 0;
};

// Follows the Unicode table of well-formed UTF-8: no overlong forms, no surrogates.
Decoded DecodeFirst(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {true, 1, first};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  std::uint32_t code = first & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {true, bytes, code};
}

void AppendByte(unsigned char byte, std::string& out) {
  absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
}

bool IsControl(std::uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

// The invisible characters: line and paragraph separators, the byte order mark, and the marks,
// embeddings and isolates of the bidirectional algorithm.
bool IsUnseen(std::uint32_t code) {
  return code == 0x061c || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void AppendControl(std::uint32_t code, std::string& out) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      AppendByte(static_cast<unsigned char>(code), out);
  }
}

bool IsText(const FieldDescriptor& field) { return field.type() == FieldDescriptor::TYPE_STRING; }

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

class Utf8Check final : public MessageVisitor {
 public:
  Utf8Check() : MessageVisitor({.text = true}) {}

  absl::Status OnText(const std::string& text, const FieldPath& path) override {
    if (IsUtf8(text)) return absl::OkStatus();
    return InvalidField(path.ToString(), "NOT_UTF8",
                        absl::StrCat("'", ToUtf8(text), "' is not UTF-8"));
  }
};

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded first = DecodeFirst(text);
    if (!first.valid) return false;
    text.remove_prefix(first.bytes);
  }
  return true;
}

std::string ToUtf8(std::string_view text) {
  if (IsUtf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Decoded first = DecodeFirst(text);
    if (first.valid) {
      out.append(text.substr(0, first.bytes));
    } else {
      AppendByte(static_cast<unsigned char>(text[0]), out);
    }
    text.remove_prefix(first.bytes);
  }
  return out;
}

std::string QuotedForShell(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      out += "'\\''";
    } else {
      out += letter;
    }
  }
  return out + "'";
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded first = DecodeFirst(text);
    if (!first.valid) {
      AppendByte(static_cast<unsigned char>(text[0]), out);
    } else if (IsControl(first.code)) {
      AppendControl(first.code, out);
    } else if (IsUnseen(first.code)) {
      absl::StrAppend(&out, "\\u{", absl::Hex(first.code), "}");
    } else {
      out.append(text.substr(0, first.bytes));
    }
    text.remove_prefix(first.bytes);
  }
  return out;
}

absl::Status CheckUtf8(const Message& message) {
  Utf8Check check;
  return Walk(message, check);
}

void MakeUtf8(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsMessage(*field)) {
      if (!field->is_repeated()) {
        MakeUtf8(*reflection.MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        MakeUtf8(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    } else if (IsText(*field) && !field->is_repeated()) {
      const std::string text = reflection.GetString(message, field);
      if (!IsUtf8(text)) reflection.SetString(&message, field, ToUtf8(text));
    } else if (IsText(*field)) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        const std::string text = reflection.GetRepeatedString(message, field, i);
        if (!IsUtf8(text)) reflection.SetRepeatedString(&message, field, i, ToUtf8(text));
      }
    }
  }
}

}  // namespace tilewright
