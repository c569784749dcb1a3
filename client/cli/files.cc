#include "client/cli/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

absl::Status WriteError(const std::string& path, int error) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "WRITE_FAILED",
                   absl::StrCat(path, ": cannot be written: ", std::strerror(error)),
                   {{"file", path}});
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path,
                                 const std::function<absl::Status(std::ostream&)>& write) {
  // Pipes and devices are written to, never replaced.
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  const bool replace =
      kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::regular;
  const std::string target = replace ? absl::StrCat(path, ".part", getpid()) : path;
  errno = 0;
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  if (!out) return WriteError(path, errno);
  absl::Status status = write(out);
  out.close();
  if (status.ok() && !out) status = WriteError(path, errno);
  if (status.ok() && replace && std::rename(target.c_str(), path.c_str()) != 0) {
    status = WriteError(path, errno);
  }
  if (!status.ok() && replace) std::remove(target.c_str());
  return status;
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  return WriteFileAtomically(path, [content](std::ostream& out) {
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  if (in) content << in.rdbuf();
  if (!in || std::filesystem::is_directory(path)) {
    return MakeError(
        absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno == 0 ? EISDIR : errno)),
        {{"file", path}});
  }
  return std::move(content).str();
}

}  // namespace tilewright::cli
