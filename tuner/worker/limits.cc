// The part of worker_process.h that limits what a worker may take.
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

// `hard` false leaves the hard limit, so that the soft one may be raised again.
absl::Status SetLimit(__rlimit_resource resource, const char* name, rlim_t value, bool hard) {
  rlimit limit;
  if (getrlimit(resource, &limit) != 0) {
    return absl::InternalError(absl::StrCat("getrlimit ", name, ": ", std::strerror(errno)));
  }
  // A limit from outside that is stricter than ours stays.
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  if (hard) limit.rlim_max = limit.rlim_cur;
  if (setrlimit(resource, &limit) != 0) {
    return absl::InternalError(absl::StrCat("setrlimit ", name, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

// RLIMIT_CPU counts from the start of the process, so what is used already is added.
rlim_t CpuSecondsUsed() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<rlim_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1);
}

}  // namespace

absl::Status ApplyLimits(const WorkerLimits& limits) {
  RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, "RLIMIT_CORE", 0, /*hard=*/true));
  if (limits.cpu_seconds > 0) {
    const rlim_t until = CpuSecondsUsed() + static_cast<rlim_t>(limits.cpu_seconds);
    RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, "RLIMIT_CPU", until, /*hard=*/false));
  }
  if (kLimitsAddressSpace && limits.address_space_bytes > 0) {
    RETURN_IF_ERROR(SetLimit(RLIMIT_AS, "RLIMIT_AS",
                             static_cast<rlim_t>(limits.address_space_bytes), /*hard=*/true));
  }
  if (limits.file_size_bytes >= 0) {
    // A log line on a standard error that is a file must fail, not kill.
    signal(SIGXFSZ, SIG_IGN);
    RETURN_IF_ERROR(SetLimit(RLIMIT_FSIZE, "RLIMIT_FSIZE",
                             static_cast<rlim_t>(limits.file_size_bytes), /*hard=*/true));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
