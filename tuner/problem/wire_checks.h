#ifndef TILEWRIGHT_TUNER_PROBLEM_WIRE_CHECKS_H_
#define TILEWRIGHT_TUNER_PROBLEM_WIRE_CHECKS_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

// Refuses what a newer or hostile client can put on the wire and this version would
// otherwise ignore: enum values it does not know (INVALID_ARGUMENT, UNKNOWN_ENUM_VALUE) and
// fields it does not know (UNIMPLEMENTED: to drop one would compute something else than was
// asked). Walks all messages below `message`; `path` is the path of `message` itself.
absl::Status CheckWireValues(const google::protobuf::Message& message, const std::string& path);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROBLEM_WIRE_CHECKS_H_
