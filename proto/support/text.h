// Text from outside: arguments, files, labels, paths, output of compilers and drivers. It may have
// any byte. But protobuf strings and JSON accept only UTF-8, and a terminal obeys the control
// characters that it gets. So such text goes through one of these functions first.
#ifndef TILEWRIGHT_PROTO_SUPPORT_TEXT_H_
#define TILEWRIGHT_PROTO_SUPPORT_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

bool IsUtf8(std::string_view text);

// Returns `text` as UTF-8: each byte that is not part of a character becomes "\xff".
std::string ToUtf8(std::string_view text);

// Returns `text` for one line of output: as ToUtf8, but spells out control characters ("\n",
// "\x1b") and characters that change the direction or lines of the later text ("\u{202e}").
std::string Printable(std::string_view text);

// Returns `text` as one word of a shell, for the commands in messages.
std::string QuotedForShell(std::string_view text);

// INVALID_ARGUMENT, reason NOT_UTF8, with the path of the first string field in `message`, at any
// depth, that is not UTF-8. The receiver could not parse such a message.
absl::Status CheckUtf8(const google::protobuf::Message& message);

// Applies ToUtf8 to every string field of `message` and below it.
void MakeUtf8(google::protobuf::Message& message);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_TEXT_H_
