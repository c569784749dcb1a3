// How the daemon says, on a connection that it will not serve, why: in the frames of HTTP/2 that
// end a connection, so that any gRPC client sees a connection that was closed in order.
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

// An empty SETTINGS frame and a GOAWAY frame that carries the refusal. Sent in one piece before the
// connection is closed.
std::string EncodeRefusal(const Refusal& refusal);

// What the first bytes of a connection say.
enum class Greeting {
  kTooShort,  // Not enough of it yet.
  kServes,    // HTTP/2 that goes on.
  kRefuses,   // A refusal, in `refusal`.
  kForeign,   // No HTTP/2.
};

Greeting ReadGreeting(std::string_view bytes, Refusal& refusal);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_REFUSAL_H_
