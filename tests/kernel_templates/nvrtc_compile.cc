#include "tests/kernel_templates/nvrtc_compile.h"

#include <dlfcn.h>
#include <nvrtc.h>

#include <cstdlib>
#include <regex>
#include <sstream>
#include <vector>

#include "gtest/gtest.h"
#include "tuner/codegen/template_library.h"

namespace tilewright {
namespace {

void* OpenNvrtc() {
  std::vector<std::string> names;
  if (const char* path = std::getenv("TILEWRIGHT_NVRTC")) names.push_back(path);
  const std::vector<std::string> files = {"libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"};
  names.insert(names.end(), files.begin(), files.end());
  std::vector<std::string> folders = {"/usr/local/cuda/lib64", TILEWRIGHT_DEPS_DIR "/cuda/lib"};
  if (const char* home = std::getenv("CUDA_HOME")) {
    folders.insert(folders.begin(), std::string(home) + "/lib64");
  }
  for (const std::string& folder : folders) {
    for (const std::string& file : files) names.push_back(folder + "/" + file);
  }
  for (const std::string& name : names) {
    if (void* library = dlopen(name.c_str(), RTLD_NOW)) return library;
  }
  return nullptr;
}

// A function of the library, by the type nvrtc.h declares.
#define NVRTC_FUNCTION(name) reinterpret_cast<decltype(&::name)>(dlsym(Library(), #name))

void* Library() {
  static void* const library = OpenNvrtc();
  return library;
}

nvrtcProgram CreateProgram(const std::string& source) {
  std::vector<std::string> texts;
  std::vector<std::string> paths;
  for (const EmbeddedFile& file : TemplateLibrary()) {
    texts.emplace_back(file.text);
    paths.emplace_back(file.path);
  }
  std::vector<const char*> text_pointers;
  std::vector<const char*> path_pointers;
  for (const std::string& text : texts) text_pointers.push_back(text.c_str());
  for (const std::string& path : paths) path_pointers.push_back(path.c_str());
  nvrtcProgram program = nullptr;
  EXPECT_EQ(NVRTC_FUNCTION(nvrtcCreateProgram)(&program, source.c_str(), "variant.cu",
                                               static_cast<int>(texts.size()), text_pointers.data(),
                                               path_pointers.data()),
            NVRTC_SUCCESS);
  return program;
}

// Lines of ptxas -v: an entry's name, then its stack and spills, then its registers.
std::map<std::string, EntryReport> ParseLog(const std::string& log) {
  static const std::regex entry_line("Compiling entry function '([^']+)'");
  static const std::regex spill_line(
      "([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads");
  static const std::regex used_line("Used ([0-9]+) registers");
  static const std::regex shared_part("([0-9]+) bytes smem");
  std::map<std::string, EntryReport> entries;
  std::istringstream lines(log);
  std::string line;
  EntryReport* entry = nullptr;
  std::smatch match;
  while (std::getline(lines, line)) {
    if (std::regex_search(line, match, entry_line)) entry = &entries[match[1]];
    if (entry == nullptr) continue;
    if (std::regex_search(line, match, spill_line)) {
      entry->stack_bytes = std::stoi(match[1]);
      entry->spill_bytes = std::stoi(match[2]) + std::stoi(match[3]);
    }
    if (std::regex_search(line, match, used_line)) {
      entry->registers = std::stoi(match[1]);
      if (std::regex_search(line, match, shared_part)) {
        entry->static_shared_bytes = std::stoi(match[1]);
      }
    }
  }
  return entries;
}

}  // namespace

CompileReport CompileWithNvrtc(const std::string& source, const std::string& architecture) {
  CompileReport report;
  if (Library() == nullptr) {
    ADD_FAILURE() << "no libnvrtc found: run scripts/setup, or set TILEWRIGHT_NVRTC";
    return report;
  }
  nvrtcProgram program = CreateProgram(source);
  const std::string architecture_option = "--gpu-architecture=" + architecture;
  const char* options[] = {architecture_option.c_str(), "-std=c++20", "-default-device",
                           "--no-cache", "--ptxas-options=-v"};
  report.ok =
      NVRTC_FUNCTION(nvrtcCompileProgram)(program, std::size(options), options) == NVRTC_SUCCESS;
  std::size_t size = 0;
  NVRTC_FUNCTION(nvrtcGetProgramLogSize)(program, &size);
  report.log.resize(size);
  NVRTC_FUNCTION(nvrtcGetProgramLog)(program, report.log.data());
  if (report.ok && NVRTC_FUNCTION(nvrtcGetPTXSize)(program, &size) == NVRTC_SUCCESS) {
    report.ptx.resize(size);
    NVRTC_FUNCTION(nvrtcGetPTX)(program, report.ptx.data());
  }
  NVRTC_FUNCTION(nvrtcDestroyProgram)(&program);
  report.entries = ParseLog(report.log);
  return report;
}

}  // namespace tilewright
