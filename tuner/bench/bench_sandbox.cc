#include "tuner/bench/bench_sandbox.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "proto/support/status_macros.h"
#include "tuner/worker/syscall_filter.h"

namespace tilewright {

absl::Status FilterBenchWorker() {
  // A worker that opens a second problem already has its filter, which need not change.
  static bool filtered = false;
  if (filtered) return absl::OkStatus();
  // Refused calls only get an error, because the driver's threads block signals.
  SyscallFilter filter(SyscallFilter::Answer::kError);
  RefuseOtherProcesses(filter);
  filter.RefuseUnless(__NR_socket, 0, {AF_UNIX, AF_NETLINK});
  RETURN_IF_ERROR(filter.Install());
  if (syscall(__NR_execve, "/", nullptr, nullptr) != -1 || errno != EPERM) {
    return absl::UnavailableError("the system call filter has no effect on this system");
  }
  filtered = true;
  return absl::OkStatus();
}

}  // namespace tilewright
