// What a compile worker takes away from itself before it compiles anything.
#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_

#include <cstdint>

#include "absl/status/status.h"

namespace tilewright {

// Exit status of a worker that crashed because it could not get more memory.
inline constexpr int kOutOfMemoryExit = 86;

// Limits memory (0: no limit) and forbids files, sockets and other programs, for the rest
// of the process. Called after NVRTC is loaded. From here on a crash near the memory
// limit ends the process with kOutOfMemoryExit instead of the signal.
absl::Status EnterCompileSandbox(std::int64_t memory_limit_bytes);

// The largest size that the address space has had, in bytes. Async-signal-safe.
std::int64_t PeakAddressSpaceBytes();

// Its size now.
std::int64_t AddressSpaceBytes();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_
