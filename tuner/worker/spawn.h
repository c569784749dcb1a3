#ifndef TILEWRIGHT_TUNER_WORKER_SPAWN_H_
#define TILEWRIGHT_TUNER_WORKER_SPAWN_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright {

// Starts `executable` (empty: /proc/self/exe) with `arguments`, in a process group of its own, with
// default signals and an empty signal mask. `socket` becomes its file descriptor 3, standard input
// is /dev/null, standard output is standard error, and it inherits nothing else. It is killed when
// this process dies. Any thread.
absl::StatusOr<pid_t> SpawnWorker(const std::string& executable,
                                  const std::vector<std::string>& arguments, int socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_SPAWN_H_
