#include "tuner/compile/compile_worker.h"

#include <sys/prctl.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tuner/compile/compile_sandbox.h"
#include "tuner/compile/compile_worker.pb.h"
#include "tuner/compile/nvrtc_compiler.h"
#include "tuner/worker/syscall_filter.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

compile_worker::Reply ToReply(CompileOutcome outcome) {
  compile_worker::Reply reply;
  if (auto* failure = std::get_if<v1::Failure>(&outcome)) {
    // After "out of memory" the compiler runs on what is left, so it must not be trusted.
    reply.set_retires(failure->kind() == v1::FAILURE_KIND_RESOURCE_LIMIT);
    *reply.mutable_failure() = std::move(*failure);
    return reply;
  }
  CompiledCode& compiled = std::get<CompiledCode>(outcome);
  compile_worker::Code& code = *reply.mutable_code();
  code.set_cubin(std::move(compiled.cubin));
  code.set_ptx(std::move(compiled.ptx));
  code.set_seconds(compiled.seconds);
  for (const EntryResources& resources : compiled.entries) {
    compile_worker::Entry& entry = *code.add_entries();
    entry.set_symbol(resources.entry_symbol);
    entry.set_registers_per_thread(resources.registers_per_thread);
    entry.set_spill_bytes(resources.spill_bytes);
    entry.set_static_shared_memory_bytes(resources.static_shared_memory_bytes);
  }
  return reply;
}

compile_worker::Ready ReadyFrom(const absl::StatusOr<NvrtcApi>& api,
                                const std::vector<std::string>& searched) {
  compile_worker::Ready ready;
  v1::LibraryStatus& library = *ready.mutable_library();
  library.set_library("nvrtc");
  library.set_found(api.ok());
  for (const std::string& place : searched) library.add_searched(place);
  if (api.ok()) {
    library.set_path(api->path);
    library.set_version(api->version.ToString());
  }
  return ready;
}

// Above half of the limit there is no room for the next compile.
bool HasGrown(const compile_worker::Setup& setup) {
  return kLimitsAddressSpace && setup.memory_limit_bytes() > 0 &&
         AddressSpaceBytes() > setup.memory_limit_bytes() / 2;
}

// Uses what every compile uses: the builtins, ptxas, a cubin.
constexpr char kSelfCheckSource[] =
    "extern \"C\" __global__ void self_check(float* x) { x[threadIdx.x] = sqrtf(x[blockIdx.x]); }";
constexpr char kSelfCheckArchitecture[] = "sm_80";

// Compiles a small kernel in the filter. If NVRTC needs a refused call, every compile would fail,
// and each failure would look like a fault of its source.
compile_worker::SelfCheck CheckItself(const NvrtcCompiler& compiler, const absl::Status& filtered) {
  compile_worker::SelfCheck check;
  check.set_filter_error(std::string(filtered.message()));
  const CompileOutcome outcome =
      compiler.Compile({kSelfCheckSource, kSelfCheckArchitecture, {"self_check"}});
  if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
    const std::string refused = RefusedCalls();
    check.set_compile_error(absl::StrCat(
        failure->message(), refused.empty() ? "" : "; refused system calls: ", refused));
  }
  return check;
}

int ServeRequests(int fd, const NvrtcCompiler& compiler, const compile_worker::Setup& setup) {
  compile_worker::Request request;
  while (ReadMessage(fd, SteadyTime::InfiniteFuture(), &request).ok()) {
    if (!ApplyLimits({.cpu_seconds = setup.cpu_seconds()}).ok()) return kUnableExit;
    compile_worker::Reply reply =
        ToReply(compiler.Compile({std::move(*request.mutable_source()),
                                  request.architecture(),
                                  {request.entry_symbols().begin(), request.entry_symbols().end()},
                                  request.wants_ptx()}));
    reply.set_retires(reply.retires() || HasGrown(setup));
    if (!WriteMessage(fd, reply).ok()) return kUnableExit;
    if (reply.retires()) return 0;
  }
  return 0;
}

}  // namespace

int RunCompileWorker(int fd) {
  return RunCompileWorker(fd, TemplateLibrary(), NvrtcApi::Candidates());
}

int RunCompileWorker(int fd, const std::vector<EmbeddedFile>& headers,
                     const std::vector<std::string>& nvrtc_candidates) {
  prctl(PR_SET_NAME, "tilewright-nvrtc");
  compile_worker::Setup setup;
  if (!ReadMessage(fd, SteadyTime::InfiniteFuture(), &setup).ok()) return kUnableExit;
  const std::vector<std::string> candidates =
      setup.nvrtc_path().empty() ? nvrtc_candidates : std::vector<std::string>{setup.nvrtc_path()};
  // Load replaces this by what is wrong with each library that cannot be used.
  std::vector<std::string> searched = candidates;
  const absl::StatusOr<NvrtcApi> api = NvrtcApi::Load(candidates, &searched);
  if (api.ok() && !EnterCompileSandbox(setup.memory_limit_bytes()).ok()) return kUnableExit;
  if (!WriteMessage(fd, ReadyFrom(api, searched)).ok()) return kUnableExit;
  if (!api.ok()) return 0;
  const NvrtcCompiler compiler(*api, headers);
  const absl::Status filtered = FilterCompileWorker();
  if (!ApplyLimits({.cpu_seconds = setup.cpu_seconds()}).ok()) return kUnableExit;
  if (!WriteMessage(fd, CheckItself(compiler, filtered)).ok()) return kUnableExit;
  return ServeRequests(fd, compiler, setup);
}

}  // namespace tilewright
