// The part of dynamic_library.h that knows the places of CUDA's libraries.
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_split.h"
#include "kernel_templates/launch/driver/dynamic_library.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

// .deps is looked for in the folder of the binary and in this many parents. An installed tree has
// it beside bin/, a build tree three levels above its bin/.
constexpr int kParentsSearched = 4;

std::string Variable(const char* name) {
  const char* value = name == nullptr ? nullptr : getenv(name);
  return value == nullptr ? "" : value;
}

// Returns the sorted subfolders of `folder` whose names start with `prefix`, if there are any.
std::vector<fs::path> Subfolders(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().rfind(prefix, 0) == 0) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Returns the lib folders of the nvidia wheels in the site-packages of a Python prefix.
std::vector<fs::path> WheelFolders(const fs::path& prefix) {
  std::vector<fs::path> folders;
  for (const char* lib : {"lib", "lib64", "local/lib"}) {
    for (const fs::path& python : Subfolders(prefix / lib, "python3")) {
      for (const char* packages : {"site-packages", "dist-packages"}) {
        for (const fs::path& wheel : Subfolders(python / packages / "nvidia", "")) {
          folders.push_back(wheel / "lib");
        }
      }
    }
  }
  return folders;
}

// Returns the prefix of the python3 that PATH finds first. Links are not resolved: the python3 of a
// virtual environment is a link to a file outside it.
std::optional<fs::path> PythonPrefix() {
  for (const std::string& folder :
       std::vector<std::string>(absl::StrSplit(Variable("PATH"), ':', absl::SkipEmpty()))) {
    std::error_code error;
    const fs::path python = fs::path(folder) / "python3";
    if (fs::exists(python, error)) return fs::path(folder).parent_path();
  }
  return std::nullopt;
}

std::vector<fs::path> ToolkitFolders() {
  std::vector<fs::path> folders;
  for (const std::string& home : {Variable("CUDA_HOME"), std::string("/usr/local/cuda")}) {
    if (home.empty()) continue;
    folders.push_back(fs::path(home) / "lib64");
    folders.push_back(fs::path(home) / "lib");
  }
  return folders;
}

std::vector<fs::path> PythonFolders() {
  std::vector<fs::path> prefixes;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    if (const std::string prefix = Variable(name); !prefix.empty()) prefixes.push_back(prefix);
  }
  if (prefixes.empty()) {
    if (const auto prefix = PythonPrefix()) prefixes.push_back(*prefix);
  }
  std::vector<fs::path> folders;
  for (const fs::path& prefix : prefixes) {
    for (fs::path& folder : WheelFolders(prefix)) folders.push_back(std::move(folder));
  }
  return folders;
}

std::vector<fs::path> InstallationFolders() {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> folders;
  for (int i = 0; !error && i < kParentsSearched && !folder.empty(); ++i) {
    folders.push_back(folder / ".deps" / "cuda" / "lib");
    if (folder == folder.root_path()) break;
    folder = folder.parent_path();
  }
  return folders;
}

void Append(const std::vector<fs::path>& folders, const std::vector<std::string>& sonames,
            std::vector<std::string>& candidates) {
  for (const fs::path& folder : folders) {
    for (const std::string& soname : sonames) {
      const std::string candidate = (folder / soname).string();
      if (std::find(candidates.begin(), candidates.end(), candidate) == candidates.end()) {
        candidates.push_back(candidate);
      }
    }
  }
}

}  // namespace

std::vector<std::string> CudaLibraryCandidates(const char* override_variable,
                                               const std::vector<std::string>& sonames) {
  std::vector<std::string> candidates;
  // If a library is named, no other may take its place silently.
  if (const std::string chosen = Variable(override_variable); !chosen.empty()) {
    std::error_code error;
    if (fs::is_directory(chosen, error)) {
      Append({fs::path(chosen)}, sonames, candidates);
    } else {
      candidates.push_back(chosen);
    }
    return candidates;
  }
  candidates.insert(candidates.end(), sonames.begin(), sonames.end());
  Append(ToolkitFolders(), sonames, candidates);
  Append(PythonFolders(), sonames, candidates);
  Append(InstallationFolders(), sonames, candidates);
  return candidates;
}

}  // namespace tilewright
