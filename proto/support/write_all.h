#ifndef TILEWRIGHT_PROTO_SUPPORT_WRITE_ALL_H_
#define TILEWRIGHT_PROTO_SUPPORT_WRITE_ALL_H_

#include <string_view>

namespace tilewright {

// Writes all of `bytes` to the descriptor `fd`, as often as write(2) takes a part of them or a
// signal interrupts it. False, with errno: a write failed, and some of the bytes may be written.
bool WriteAll(int fd, std::string_view bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_WRITE_ALL_H_
