#ifndef TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_
#define TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tilewright {

// Tells quickly that messages of one type have nothing unknown. It lists once where to look. It
// leaves messages with repeated fields of enums or messages, and messages that can contain their
// own type, to CheckKnownValues. Immutable; any thread.
class KnownValuesFilter {
 public:
  explicit KnownValuesFilter(const google::protobuf::Descriptor& type)
      : KnownValuesFilter(type, {}) {}

  // Returns whether CheckKnownValues is OK for `message`. False says nothing.
  bool Passes(const google::protobuf::Message& message) const;

 private:
  struct EnumField {
    const google::protobuf::FieldDescriptor* field;
    unsigned values;  // All numbers below this are values.
  };

  // `above`: the types of the messages that the message lies in.
  KnownValuesFilter(const google::protobuf::Descriptor& type,
                    std::vector<const google::protobuf::Descriptor*> above);

  bool passes_none_ = false;
  std::vector<EnumField> enums_;
  std::vector<std::pair<const google::protobuf::FieldDescriptor*, KnownValuesFilter>> messages_;
};

// How to refuse unknown fields, and where to look for them.
struct KnownValuesOptions {
  // The path to report for an unknown field of the message itself.
  std::string_view name;
  // Makes the error for an unknown field in the message at `path`. `what` says which field it is.
  absl::Status (*unknown_field)(std::string_view path, std::string_view what);
  // Messages of this type are not checked. Null: all are checked.
  const google::protobuf::Descriptor* left_out = nullptr;
};

// Returns OK if this version knows every field and every enum value in `message` and below it. To
// ignore one would do something else than was asked. INVALID_ARGUMENT, reason UNKNOWN_ENUM_VALUE,
// or the error of `options` for an unknown field. Paths start at `message`.
absl::Status CheckKnownValues(const google::protobuf::Message& message,
                              const KnownValuesOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_
