// Protos as JSON for scripts: field names of the contract, enums by their short names, integers
// as numbers, bytes as hex (cubins as their size), times as RFC 3339 text.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace tilewright::cli {

using Json = nlohmann::ordered_json;

// Every field that is set or is a plain scalar, so that scripts find the keys they look for.
Json ToJson(const google::protobuf::Message& message);

// As text: `indent` < 0 is one line. What is not UTF-8 in it (a file's name, say) is written as
// ToUtf8 does.
std::string JsonText(const Json& value, int indent = -1);

// null unless `value` is above 0: 0 says that there is no such number.
Json NumberOrNull(double value);

// {"error": {"code", "reason", "message", "field", ...metadata}}
Json ErrorToJson(const absl::Status& status);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_JSON_H_
