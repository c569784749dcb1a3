// Text that came from elsewhere: arguments, files, labels, paths, what compilers and drivers say.
// It may hold any byte. Protobuf's strings and JSON take UTF-8 alone, and a terminal obeys what
// it is sent, so such text goes through one of these first.
#ifndef TILEWRIGHT_PROTO_SUPPORT_TEXT_H_
#define TILEWRIGHT_PROTO_SUPPORT_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tilewright {

bool IsUtf8(std::string_view text);

// `text` where it is UTF-8; else each byte that is not part of a character as "\xff".
std::string ToUtf8(std::string_view text);

// `text` as it can be shown on one line: as ToUtf8, with control characters ("\n", "\x1b") and
// characters that change the direction or the lines of what follows ("\u{202e}") spelled out.
std::string Printable(std::string_view text);

// INVALID_ARGUMENT, reason NOT_UTF8, with the path of the first string field of `message`, or
// below it, that is not UTF-8: who receives such a message cannot parse it.
absl::Status CheckUtf8(const google::protobuf::Message& message);

// Applies ToUtf8 to every string field of `message` and below it.
void MakeUtf8(google::protobuf::Message& message);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_TEXT_H_
