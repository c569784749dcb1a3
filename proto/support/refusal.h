// Tells a client why the daemon refuses its connection. The text is in the HTTP/2 frames that end a
// connection, so every gRPC client sees an orderly end.
#ifndef TILEWRIGHT_PROTO_SUPPORT_REFUSAL_H_
#define TILEWRIGHT_PROTO_SUPPORT_REFUSAL_H_

#include <optional>
#include <string>
#include <string_view>

namespace tilewright {

struct Refusal {
  std::string reason;   // "USER_NOT_PERMITTED", "TOO_MANY_CONNECTIONS".
  std::string message;  // For people.
};

// Makes an empty SETTINGS frame and a GOAWAY frame with the refusal. The daemon sends them in one
// piece before it closes the connection.
std::string EncodeRefusal(const Refusal& refusal);

// The meaning of the first bytes of a connection.
enum class Greeting {
  kTooShort,  // Too few bytes so far.
  kServes,    // HTTP/2 that goes on.
  kRefuses,   // A refusal; it is in `refusal`.
  kForeign,   // Not HTTP/2.
};

Greeting ReadGreeting(std::string_view bytes, Refusal& refusal);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_REFUSAL_H_
