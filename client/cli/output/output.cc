#include "client/cli/output/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/write_all.h"

namespace tilewright::cli {

int OutputBuffer::Close() {
  sync();
  if (fd_ >= 0 && close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
  return error_;
}

OutputBuffer::int_type OutputBuffer::overflow(int_type byte) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(byte, traits_type::eof())) {
    *pptr() = traits_type::to_char_type(byte);
    pbump(1);
  }
  return traits_type::not_eof(byte);
}

int OutputBuffer::sync() {
  const std::string_view bytes(pbase(), static_cast<size_t>(pptr() - pbase()));
  if (error_ == 0 && !WriteAll(fd_, bytes)) error_ = errno;
  setp(bytes_, bytes_ + sizeof(bytes_));
  return error_ == 0 ? 0 : -1;
}

absl::Status FinishOutput(std::ostream& out) {
  out.flush();
  auto* buffer = dynamic_cast<OutputBuffer*>(out.rdbuf());
  const int error = buffer == nullptr ? 0 : buffer->Close();
  if (out && error == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "OUTPUT_NOT_WRITTEN",
                   absl::StrCat("the output could not be written",
                                error == 0 ? "" : absl::StrCat(": ", std::strerror(error))));
}

}  // namespace tilewright::cli
