// Output to a descriptor: the standard output or a file. Every byte counts: output that could not
// be written is a failure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_OUTPUT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_OUTPUT_H_

#include <ostream>
#include <streambuf>

#include "absl/status/status.h"

namespace tilewright::cli {

// Writes to a descriptor and keeps the first error, which std::cout forgets. Not thread-safe.
class OutputBuffer final : public std::streambuf {
 public:
  explicit OutputBuffer(int fd) : fd_(fd) { setp(bytes_, bytes_ + sizeof(bytes_)); }
  ~OutputBuffer() override { sync(); }
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  // Writes the rest and closes the descriptor: a full quota or a lost server may be reported only
  // then. Returns 0, or the errno of the first failure. Nothing can be written after that.
  int Close();

 protected:
  int_type overflow(int_type byte) override;
  int sync() override;

 private:
  int fd_;
  int error_ = 0;
  char bytes_[1 << 16];
};

// Ends `out`. INTERNAL, reason OUTPUT_NOT_WRITTEN: not all of it could be written.
absl::Status FinishOutput(std::ostream& out);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_OUTPUT_H_
