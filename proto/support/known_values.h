#ifndef TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_
#define TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

// How unknown fields are refused, and where.
struct KnownValuesOptions {
  // What the path of an unknown field of the message itself is.
  std::string_view name;
  // The error for an unknown field in the message at `path`; `what` says which.
  absl::Status (*unknown_field)(std::string_view path, std::string_view what);
  // Messages of this type are left out. Null: none are.
  const google::protobuf::Descriptor* left_out = nullptr;
};

// OK where this version knows every field and every enum value of `message` and of what is below
// it: to drop one would do something else than was asked. INVALID_ARGUMENT, reason
// UNKNOWN_ENUM_VALUE, or what `options` makes of an unknown field. Paths are below `message`.
absl::Status CheckKnownValues(const google::protobuf::Message& message,
                              const KnownValuesOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_KNOWN_VALUES_H_
