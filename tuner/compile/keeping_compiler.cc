#include "tuner/compile/keeping_compiler.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proto/support/nvcc_command.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/unique_fd.h"
#include "proto/support/write_all.h"
#include "spdlog/spdlog.h"

namespace tilewright {
namespace {

constexpr mode_t kMode = 0644;
// Digits of the headers' digest, enough to tell versions apart.
constexpr std::size_t kDigits = 16;

std::string NameOf(const std::vector<EmbeddedFile>& headers) {
  std::string bytes;
  for (const EmbeddedFile& header : headers) {
    bytes += std::to_string(header.path.size()) + ' ' + std::to_string(header.text.size()) + ' ';
    bytes += header.path;
    bytes += header.text;
  }
  return absl::StrCat("templates-", ToHex(Sha256(bytes)).substr(0, kDigits));
}

absl::Status Failed(const std::string& path, int error) {
  return absl::InternalError(absl::StrCat(path, ": ", std::strerror(error)));
}

// Writes under a temporary name first, so that no reader sees half a file. A file that already
// exists has the same content, because its name follows from the content.
absl::Status WriteNew(const std::string& path, std::string_view content) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return absl::OkStatus();
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return Failed(path, error.value());
  const std::string part = absl::StrCat(path, ".part", getpid());
  // A process with the same id may have left it behind.
  unlink(part.c_str());
  const UniqueFd fd(
      open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
  if (fd.get() < 0) return Failed(path, errno);
  if (WriteAll(fd.get(), content) && std::rename(part.c_str(), path.c_str()) == 0) {
    return absl::OkStatus();
  }
  const int failure = errno;
  unlink(part.c_str());
  return Failed(path, failure);
}

}  // namespace

KeepingCompiler::KeepingCompiler(Compiler& compiler, std::string folder,
                                 const std::vector<EmbeddedFile>& headers)
    : compiler_(compiler),
      folder_(std::move(folder)),
      headers_(headers),
      headers_name_(NameOf(headers)) {}

absl::Status KeepingCompiler::CompileAll(
    std::vector<CompileJob> jobs, const Cancellation& cancellation,
    std::function<void(std::size_t index, CompileOutcome outcome)> on_done) {
  const std::vector<CompileJob> kept = jobs;
  return compiler_.CompileAll(
      std::move(jobs), cancellation, [&](std::size_t index, CompileOutcome outcome) {
        if (const auto* code = std::get_if<CompiledCode>(&outcome)) {
          const absl::Status status = Keep(kept[index], code->cubin);
          absl::MutexLock lock(&mutex_);
          if (!status.ok() && !std::exchange(has_failed_, true)) {
            spdlog::warn(
                "keep_sources: cannot keep a source, and later ones may be missing "
                "too: {}",
                std::string(status.message()));
          }
        }
        on_done(index, std::move(outcome));
      });
}

absl::Status KeepingCompiler::Keep(const CompileJob& job, const std::string& cubin) {
  const std::string name = ToHex(Sha256(cubin));
  const std::string comment = absl::StrCat(
      "// By hand, here: ",
      NvccCommand(job.architecture, headers_name_, "by_hand.cubin", absl::StrCat(name, ".cu")),
      "\n");
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(KeepHeaders());
  RETURN_IF_ERROR(WriteNew(absl::StrCat(folder_, "/", name, ".cu"), comment + job.source));
  return WriteNew(absl::StrCat(folder_, "/", name, ".cubin"), cubin);
}

absl::Status KeepingCompiler::KeepHeaders() {
  if (headers_kept_) return absl::OkStatus();
  for (const EmbeddedFile& header : headers_) {
    RETURN_IF_ERROR(WriteNew(
        absl::StrCat(folder_, "/", headers_name_, "/", std::string(header.path)), header.text));
  }
  headers_kept_ = true;
  return absl::OkStatus();
}

}  // namespace tilewright
