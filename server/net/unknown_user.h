#ifndef TILEWRIGHT_SERVER_NET_UNKNOWN_USER_H_
#define TILEWRIGHT_SERVER_NET_UNKNOWN_USER_H_

#include <sys/types.h>

namespace tilewright {

// Used if the user is unknown or there is none, as in background work. Nobody has this id
// (setuid(2)).
inline constexpr uid_t kUnknownUser = static_cast<uid_t>(-1);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_UNKNOWN_USER_H_
