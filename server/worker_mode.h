// The daemon's binary as one of its own workers.
#ifndef TILEWRIGHT_SERVER_WORKER_MODE_H_
#define TILEWRIGHT_SERVER_WORKER_MODE_H_

#include <optional>

namespace tilewright {

// With "--worker=compile" or "--worker=bench" as its argument the process is a worker: runs
// it and gives its exit status. Nothing otherwise. Before anything else is initialised.
std::optional<int> RunAsWorker(int argc, char** argv);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_WORKER_MODE_H_
