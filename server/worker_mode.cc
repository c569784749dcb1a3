#include "server/worker_mode.h"

#include <csignal>
#include <cstdio>
#include <string_view>

#include "tuner/bench/bench_worker.h"
#include "tuner/codegen/template_library.h"
#include "tuner/compile/compile_worker.h"
#include "tuner/compile/nvrtc_api.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {

std::optional<int> RunAsWorker(int argc, char** argv) {
  constexpr std::string_view kFlag = "--worker=";
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument.substr(0, kFlag.size()) != kFlag) return std::nullopt;
  // Ctrl-C on a terminal goes to every process of the group, and a stop to every one of a
  // service: how workers end is the daemon's to say, or a candidate would be blamed for it.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  const std::string_view kind = argument.substr(kFlag.size());
  if (kind == "compile") {
    return RunCompileWorker(WorkerProcess::kWorkerFd, TemplateLibrary(), NvrtcApi::Candidates());
  }
  if (kind == "bench") return RunBenchWorker(WorkerProcess::kWorkerFd);
  std::fprintf(stderr, "tilewrightd: no such worker: %s\n", argv[1]);
  return 2;
}

}  // namespace tilewright
