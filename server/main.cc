// tilewrightd: the only place that builds concrete types.
#include <spdlog/spdlog.h>
#include <sysexits.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/standard_descriptors.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"
#include "proto/support/text.h"
#include "server/daemon_server.h"
#include "server/lifecycle.h"
#include "server/net/acceptor.h"
#include "server/operation/config.h"
#include "server/operation/heap.h"
#include "server/operation/logging.h"
#include "server/operation/reloader.h"
#include "server/version.h"
#include "tuner/bench/bench_worker.h"
#include "tuner/codegen/template_library.h"
#include "tuner/compile/compile_worker.h"
#include "tuner/compile/keeping_compiler.h"
#include "tuner/compile/nvrtc_api.h"
#include "tuner/compile/process_pool_compiler.h"
#include "tuner/profile/bench_profiler.h"
#include "tuner/search/clock.h"
#include "tuner/search/tuner.h"
#include "tuner/store/database/restore.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

// The daemon's binary is also the binary of its workers. With the argument "--worker=compile" or
// "--worker=bench", runs the worker and returns its exit status. Otherwise returns nothing.
std::optional<int> RunAsWorker(int argc, char** argv) {
  constexpr std::string_view kFlag = "--worker=";
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument.substr(0, kFlag.size()) != kFlag) return std::nullopt;
  // A terminal sends Ctrl-C to the whole process group, and a service manager sends a stop to the
  // whole service. Only the daemon may end workers, or a candidate would be blamed.
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

absl::Status Serve(const ConfigLayers& layers, const Config& config) {
  const SteadyTime begin = SteadyTime::Now();
  RaiseDescriptorLimit();
  RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, SqliteStore::Open(config.cache_dir));
  if (!store->recovery_note().empty()) spdlog::error("{}", store->recovery_note());
  if (const absl::Status writable = store->writable(); !writable.ok()) {
    spdlog::error("{}", std::string(writable.message()));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessPoolCompiler> compiler,
                   ProcessPoolCompiler::Create({.workers = config.compile_workers}));
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchProfiler> profiler,
                   BenchProfiler::Create({}, *compiler));
  // The driver wakes about as slowly as 100,000 winners load. Both objects cache the answer.
  const std::future<void> woken = std::async(std::launch::async, [&] {
    profiler->Devices();
    compiler->Library();
  });
  // A library that does not finish loading must not delay the end of the process either.
  const auto leave_them = absl::MakeCleanup([&] {
    profiler->StopAsking();
    compiler->StopAsking();
  });
  WinnerIndex index;
  RETURN_IF_ERROR(index.Load(*store));
  std::optional<KeepingCompiler> keeping;
  if (!config.keep_sources.empty()) {
    keeping.emplace(*compiler, config.keep_sources, TemplateLibrary());
  }
  Compiler& tuners_compiler = keeping ? static_cast<Compiler&>(*keeping) : *compiler;
  Tuner tuner(tuners_compiler, *profiler, *store, index, clock);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DaemonServer> server,
      DaemonServer::Start(
          {.socket = config.socket,
           .cache_dir = config.cache_dir,
           .max_queue = static_cast<std::size_t>(config.max_queue),
           .max_connections_per_user = static_cast<std::size_t>(config.max_connections_per_user),
           .metrics_port = config.metrics_port,
           .resume_sweeps = config.resume_sweeps,
           .on_cache_lost = [] { ::kill(::getpid(), SIGTERM); },
           .administrators = config.administrators,
           .max_cache_bytes = config.max_cache_bytes},
          {*compiler, *profiler, *store, index, tuner, clock}));
  spdlog::info("tilewrightd {} serves {} on {} after {:.3f} s", kVersion,
               Counted(static_cast<int64_t>(index.size()), "winner"), config.socket,
               absl::ToDoubleSeconds(SteadyTime::Now() - begin));
  Reloader reloader(layers, config, [&server](const Config& changed) {
    server->SetMaxConnectionsPerUser(static_cast<std::size_t>(changed.max_connections_per_user));
  });
  RunUntilStopped(*server, reloader);
  return absl::OkStatus();
}

constexpr int kExitUsage = 2;

// A directory held by another daemon is a temporary failure: that daemon may leave soon.
int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  return ReasonOf(status) == "CACHE_IN_USE" ? EX_TEMPFAIL : 1;
}

int FinishPrinting(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  std::perror("tilewrightd: the output could not be written");
  return exit_code == 0 ? 1 : exit_code;
}

nlohmann::ordered_json ToJson(const absl::Status& status) {
  nlohmann::ordered_json error = {{"code", absl::StatusCodeToString(status.code())},
                                  {"reason", ReasonOf(status)},
                                  {"message", ToUtf8(std::string(status.message()))}};
  if (const auto info = ErrorInfoOf(status)) {
    for (const auto& [key, value] : info->metadata()) error[key] = value;
  }
  return {{"error", error}};
}

// Reports a failure as the command `tilewright` does. Returns the exit code.
int Fail(const absl::Status& status, bool json, int exit_code) {
  if (json) std::printf("%s\n", ToJson(status).dump().c_str());
  std::fprintf(stderr, "tilewrightd: error: %s [%s]\n",
               Printable(std::string(status.message())).c_str(),
               Printable(ReasonOf(status)).c_str());
  return FinishPrinting(exit_code);
}

// Restores the database. Writes the result to the caller, not to the log.
int Restore(const Config& config, const std::string& file, bool json) {
  const absl::StatusOr<Restored> restored =
      RestoreDatabase(config.cache_dir, file, RealClock().Now());
  if (!restored.ok()) return Fail(restored.status(), json, ExitCodeOf(restored.status()));
  if (json) {
    const nlohmann::ordered_json result = {{"restored", ToUtf8(file)},
                                           {"database", ToUtf8(restored->database)},
                                           {"kept", ToUtf8(restored->kept)},
                                           {"note", ToUtf8(restored->note)}};
    std::printf("%s\n", result.dump().c_str());
  } else {
    std::printf("Restored %s.\n", Printable(file).c_str());
    if (!restored->kept.empty()) {
      std::printf("The old database is kept as %s.\n", Printable(restored->kept).c_str());
    }
    if (!restored->note.empty()) std::printf("%s\n", Printable(restored->note).c_str());
  }
  return FinishPrinting(0);
}

int Main(int argc, char** argv) {
  HoldStandardDescriptors();
  if (const auto exit_code = RunAsWorker(argc, argv)) return *exit_code;
  KeepFreedMemory();
  BlockStopSignals();
  const CommandLine command_line = ParseCommandLine(argc, argv);
  const bool json = command_line.json;
  if (command_line.message) {
    std::fputs(command_line.message->c_str(), stdout);
    return FinishPrinting(0);
  }
  if (!command_line.status.ok()) return Fail(command_line.status, json, kExitUsage);
  const absl::StatusOr<Config> config = LoadConfig(command_line.layers);
  if (!config.ok()) return Fail(config.status(), json, kExitUsage);
  if (command_line.restore) return Restore(*config, *command_line.restore, json);
  if (const absl::Status opened = OpenLogFile(*config); !opened.ok()) {
    return Fail(opened, json, kExitUsage);
  }
  SetUpLogging(*config);
  const absl::Status status = Serve(command_line.layers, *config);
  if (status.ok()) return 0;
  spdlog::error("{}", std::string(status.message()));
  if (json) std::printf("%s\n", ToJson(status).dump().c_str());
  return FinishPrinting(ExitCodeOf(status));
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) { return tilewright::Main(argc, argv); }
