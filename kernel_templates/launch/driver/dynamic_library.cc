#include "kernel_templates/launch/driver/dynamic_library.h"

#include <dlfcn.h>
#include <link.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// Adds the loader's message if the file exists but does not load (a missing dependency, another
// architecture). If there is no such file, the path says enough.
std::string LoaderError(const std::string& candidate) {
  const char* error = dlerror();
  const std::string text = error == nullptr ? "" : error;
  const bool missing = text.find("No such file") != std::string::npos;
  return missing || text.empty() ? candidate : absl::StrCat(candidate, " (", text, ")");
}

std::string ResolvedPath(void* handle, const std::string& candidate) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || map->l_name == nullptr ||
      map->l_name[0] == '\0') {
    return candidate;
  }
  return map->l_name;
}

}  // namespace

absl::StatusOr<DynamicLibrary> DynamicLibrary::Open(const std::vector<std::string>& candidates,
                                                    std::vector<std::string>* tried) {
  std::vector<std::string> failed;
  for (const std::string& candidate : candidates) {
    if (void* handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      return DynamicLibrary(handle, ResolvedPath(handle, candidate));
    }
    failed.push_back(LoaderError(candidate));
  }
  if (tried != nullptr) tried->insert(tried->end(), failed.begin(), failed.end());
  return MakeError(absl::StatusCode::kNotFound, "LIBRARY_NOT_FOUND",
                   absl::StrCat("no library found; tried: ", absl::StrJoin(failed, ", ")));
}

void* DynamicLibrary::Symbol(const char* name) const { return dlsym(handle_, name); }

}  // namespace tilewright
