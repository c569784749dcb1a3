#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_

#include <string>
#include <vector>

#include "tuner/codegen/template_library.h"

namespace tilewright {

// The whole life of a compile worker on the socket `fd`: what main does for
// `--worker=compile`. Looks for NVRTC in `nvrtc_candidates`; sources may include `headers`.
// Returns the exit status once the daemon closes the conversation.
int RunCompileWorker(int fd, const std::vector<EmbeddedFile>& headers,
                     const std::vector<std::string>& nvrtc_candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_WORKER_H_
