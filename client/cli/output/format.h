// Formats figures for people. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_FORMAT_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright::cli {

// "95.1 us", "1.204 ms": four figures. "-" for 0 and below.
std::string FormatSeconds(double seconds, const Style& style);

// "4 s", "1 min 20 s": how long a wait takes.
std::string FormatWait(double seconds);

// "512 B", "1.5 MiB".
std::string FormatBytes(double bytes);

// "549.2": floating-point operations in 10^12 per second. "-" if `seconds` is not positive.
std::string FormatTeraflops(double operations, double seconds);

// Bytes over time in 10^9 per second, four figures. "-" without bytes or time.
std::string FormatGigabytes(double bytes, double seconds);

// "55.5%": numerator / denominator. "-" if one of them is not positive.
std::string FormatShare(double numerator, double denominator);

// "0.97x". "-" if one of them is not positive.
std::string FormatRatio(double numerator, double denominator);

// Describes a variant as the service does: "gemm_sm80 tile=128x256x64 warps=2x4 stages=4". An older
// service sends no text; then lists all parameters. "cublasLt #0": a vendor's algorithm.
std::string DescribeVariant(const v1::Variant& variant);
std::string DescribeCandidate(const v1::Candidate& candidate);

// "gemm.m: must be at least 1, was 0 [OUT_OF_RANGE]". One line, even if the message has more.
std::string FormatError(const absl::Status& status);

// Aligns columns by content: those in `right` to the right, the others to the left. Characters in a
// cell that a terminal would obey are spelled out.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::vector<bool> right = {});
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // Renders one line for each row. Each ends with "\n" and has no blanks before it.
  std::string Render(const Style& style) const;

 private:
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_FORMAT_H_
