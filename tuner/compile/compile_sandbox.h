// Takes rights away from a compile worker before it compiles anything.
#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_

#include <cstdint>

#include "absl/status/status.h"

namespace tilewright {

// Exit status of a worker that crashed because it could not get more memory.
inline constexpr int kOutOfMemoryExit = 86;

// Limits memory (0: no limit) and the size of files (none), for the rest of the process. REQUIRES:
// NVRTC is loaded. From now on a crash near the memory limit ends the process with kOutOfMemoryExit
// instead of the signal.
absl::Status EnterCompileSandbox(std::int64_t memory_limit_bytes);

// Refuses the system calls that a compile does not need, for the rest of the process: new processes
// and programs, the memory and the signals of others, sockets, and all that changes files. A
// refused call fails with EPERM, and RefusedCalls names it. REQUIRES: EnterCompileSandbox was
// called. UNAVAILABLE: the operating system has no such filters. The worker then says so and
// continues: a service that compiles nothing would protect nobody, the sources and options are the
// daemon's own, and the limits hold.
absl::Status FilterCompileWorker();

// Returns the largest size that the address space has had, in bytes. Async-signal-safe.
std::int64_t PeakAddressSpaceBytes();

// Returns its current size.
std::int64_t AddressSpaceBytes();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_SANDBOX_H_
