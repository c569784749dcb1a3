#include "client/cli/commands/disassembler.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands/child_process.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

constexpr char kInstall[] =
    "install cuobjdump and nvdisasm: NVIDIA's packages cuda-cuobjdump and cuda-nvdisasm, or `pip "
    "install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm` and put their nvidia/cu*/bin on PATH";

std::vector<std::string> Folders() {
  std::vector<std::string> folders;
  if (const char* home = std::getenv("CUDA_HOME"); home != nullptr && *home != '\0') {
    folders.push_back(absl::StrCat(home, "/bin"));
  }
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    for (const absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
      folders.emplace_back(folder);
    }
  }
  folders.emplace_back("/usr/local/cuda/bin");
  return folders;
}

absl::Status DisassemblerError(std::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CUOBJDUMP_FAILED", why);
}

}  // namespace

absl::StatusOr<std::string> FindCuobjdump() {
  for (const std::string& folder : Folders()) {
    std::string path = absl::StrCat(folder, "/cuobjdump");
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "CUOBJDUMP_NOT_FOUND",
                   absl::StrCat("cuobjdump is not in $CUDA_HOME/bin, on $PATH or in "
                                "/usr/local/cuda/bin: ",
                                kInstall));
}

absl::StatusOr<std::string> Disassemble(const std::string& cuobjdump, std::string_view cubin) {
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "tilewright-XXXXXX").string();
  if (error || mkdtemp(folder.data()) == nullptr) {
    return DisassemblerError(
        absl::StrCat("cannot make a temporary folder for the cubin: ", std::strerror(errno)));
  }
  const auto remove = absl::MakeCleanup([&] { std::filesystem::remove_all(folder, error); });
  const std::string file = folder + "/kernel.cubin";
  std::ofstream out(file, std::ios::binary);
  out.write(cubin.data(), static_cast<std::streamsize>(cubin.size()));
  out.close();
  if (!out) return DisassemblerError(absl::StrCat(file, " could not be written"));
  const absl::StatusOr<Ended> ended = RunToEnd({cuobjdump, "-sass", file});
  if (!ended.ok()) return DisassemblerError(std::string(ended.status().message()));
  if (ended->exit_code == 0) return ended->out;
  return DisassemblerError(absl::StrCat(cuobjdump, " exited with ", ended->exit_code, ": ",
                                        absl::StripAsciiWhitespace(ended->err), "; ", kInstall));
}

}  // namespace tilewright::cli
