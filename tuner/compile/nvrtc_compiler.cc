#include "tuner/compile/nvrtc_compiler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/failure.h"
#include "proto/support/steady_time.h"
#include "tuner/compile/compile_log.h"

namespace tilewright {
namespace {

v1::Failure CompileError(const std::string& message) {
  return MakeFailure(v1::FAILURE_KIND_COMPILE_ERROR, message);
}

std::vector<const char*> PointersTo(const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  for (const std::string& text : strings) pointers.push_back(text.c_str());
  return pointers;
}

// One nvrtcProgram, which is destroyed with its results.
class Program {
 public:
  explicit Program(const NvrtcApi& api) : api_(api) {}
  ~Program() {
    if (program_ != nullptr) api_.nvrtcDestroyProgram(&program_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  nvrtcResult Create(const std::string& source, const std::vector<std::string>& header_paths,
                     const std::vector<std::string>& header_texts) {
    return api_.nvrtcCreateProgram(
        &program_, source.c_str(), "variant.cu", static_cast<int>(header_paths.size()),
        PointersTo(header_texts).data(), PointersTo(header_paths).data());
  }

  nvrtcResult Compile(const std::vector<std::string>& options) {
    return api_.nvrtcCompileProgram(program_, static_cast<int>(options.size()),
                                    PointersTo(options).data());
  }

  std::string Log() const { return Text(api_.nvrtcGetProgramLogSize, api_.nvrtcGetProgramLog); }
  std::string Cubin() const { return Bytes(api_.nvrtcGetCUBINSize, api_.nvrtcGetCUBIN); }
  // NVRTC gives it beside the cubin, also for a real architecture.
  std::string Ptx() const { return Text(api_.nvrtcGetPTXSize, api_.nvrtcGetPTX); }

 private:
  // Returns an empty text if NVRTC has none.
  std::string Bytes(nvrtcResult (*get_size)(nvrtcProgram, size_t*),
                    nvrtcResult (*get)(nvrtcProgram, char*)) const {
    size_t size = 0;
    if (get_size(program_, &size) != NVRTC_SUCCESS || size == 0) return "";
    std::string bytes(size, '\0');
    return get(program_, bytes.data()) == NVRTC_SUCCESS ? bytes : "";
  }

  // NVRTC counts the zero at the end of a string.
  std::string Text(nvrtcResult (*get_size)(nvrtcProgram, size_t*),
                   nvrtcResult (*get)(nvrtcProgram, char*)) const {
    std::string text = Bytes(get_size, get);
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
  }

  const NvrtcApi& api_;
  nvrtcProgram program_ = nullptr;
};

v1::Failure FailureFrom(const NvrtcApi& api, nvrtcResult result, const std::string& log) {
  if (result == NVRTC_ERROR_COMPILATION) return FailureFromLog(log);
  v1::Failure failure = CompileError(
      absl::StrCat("NVRTC: ", api.nvrtcGetErrorString(result), log.empty() ? "" : ": ", log));
  if (result == NVRTC_ERROR_OUT_OF_MEMORY) failure.set_kind(v1::FAILURE_KIND_RESOURCE_LIMIT);
  return failure;
}

// Keeps the resources of the requested symbols, in their order.
CompileOutcome Select(CompiledCode code, const std::vector<std::string>& symbols,
                      std::vector<EntryResources> found) {
  for (const std::string& symbol : symbols) {
    const auto entry = std::find_if(found.begin(), found.end(), [&](const EntryResources& e) {
      return e.entry_symbol == symbol;
    });
    if (entry == found.end()) {
      return CompileError(absl::StrCat("the compiled code has no entry symbol ", symbol));
    }
    code.entries.push_back(*entry);
  }
  return code;
}

}  // namespace

NvrtcCompiler::NvrtcCompiler(NvrtcApi api, const std::vector<EmbeddedFile>& headers)
    : api_(std::move(api)) {
  for (const EmbeddedFile& header : headers) {
    header_paths_.emplace_back(header.path);
    header_texts_.emplace_back(header.text);
  }
}

struct NvrtcCompiler::Result {
  nvrtcResult code;
  std::string log;
  std::string cubin;
  std::string ptx;
};

NvrtcCompiler::Result NvrtcCompiler::Run(const std::string& source,
                                         const std::vector<std::string>& options,
                                         bool wants_ptx) const {
  Program program(api_);
  Result result = {program.Create(source, header_paths_, header_texts_), "", "", ""};
  if (result.code == NVRTC_SUCCESS) result.code = program.Compile(options);
  result.log = program.Log();
  if (result.code == NVRTC_SUCCESS) {
    result.cubin = program.Cubin();
    if (wants_ptx) result.ptx = program.Ptx();
  }
  return result;
}

// NVRTC 13.0 omits the errors of ptxas from a log with resources, so this compiles again without.
std::string NvrtcCompiler::LogWithoutResources(const std::string& source,
                                               std::vector<std::string> options) const {
  options.erase(std::remove(options.begin(), options.end(), kResourceLogOption), options.end());
  return Run(source, options, /*wants_ptx=*/false).log;
}

CompileOutcome NvrtcCompiler::Compile(const CompileJob& job) const {
  const SteadyTime start = SteadyTime::Now();
  const auto options = CompileOptions(job.architecture, api_.version);
  if (!options.ok()) return CompileError(std::string(options.status().message()));
  Result result = Run(job.source, *options, job.wants_ptx);
  if (result.code == NVRTC_ERROR_COMPILATION && !NamesAnError(result.log)) {
    result.log = LogWithoutResources(job.source, *options);
  }
  if (result.code != NVRTC_SUCCESS) return FailureFrom(api_, result.code, result.log);
  if (result.cubin.empty()) return CompileError("NVRTC gave no native code");

  CompiledCode code;
  code.cubin = std::move(result.cubin);
  code.ptx = std::move(result.ptx);
  code.seconds = absl::ToDoubleSeconds(SteadyTime::Now() - start);
  return Select(std::move(code), job.entry_symbols, ParseResources(result.log));
}

}  // namespace tilewright
