#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_

#include <string>
#include <vector>

#include "tuner/codegen/template_library.h"

namespace tilewright {

// Runs a compile worker on the socket `fd` (WorkerProcess::kWorkerFd); main calls it for
// `--worker=compile`. Returns the exit status once the daemon closes the connection. Sources may
// include the files of TemplateLibrary().
int RunCompileWorker(int fd);

// The same, but sources include `headers`, and NVRTC is searched in `nvrtc_candidates`.
int RunCompileWorker(int fd, const std::vector<EmbeddedFile>& headers,
                     const std::vector<std::string>& nvrtc_candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_
