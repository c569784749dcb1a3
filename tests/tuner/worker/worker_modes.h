// What this test's own binary does when it is started as a worker, and its main.
#ifndef TILEWRIGHT_TESTS_TUNER_WORKER_WORKER_MODES_H_
#define TILEWRIGHT_TESTS_TUNER_WORKER_WORKER_MODES_H_

#include <string>

namespace tilewright {

// Serves as the worker of `mode`: "echo", "facts", "crash", "exit", "hang", "grandchild",
// or a limit to run into: "cpu", "memory", "file". Returns the exit status.
int RunWorkerMode(const std::string& mode);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_WORKER_WORKER_MODES_H_
