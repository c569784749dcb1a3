// Writes protos as JSON for scripts: the contract's field names, short names of enums, integers as
// numbers, bytes as hex (cubins as their size), times as RFC 3339 text.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace tilewright::cli {

using Json = nlohmann::ordered_json;

// Writes every field that is set, and every plain scalar, so that scripts find their keys.
Json ToJson(const google::protobuf::Message& message);

// Returns the text of `value`, on one line if `indent` < 0. Text that is not UTF-8 (such as the
// name of a file) is written as ToUtf8 does.
std::string JsonText(const Json& value, int indent = -1);

// Returns null unless `value` is above 0: 0 means that there is no such number.
Json NumberOrNull(double value);

// {"error": {"code", "reason", "message", "field", ...metadata}}
Json ErrorToJson(const absl::Status& status);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_
