// Figures as people read them. Pure.
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

// "95.1 us", "1.204 ms", four figures; "-" for 0 and below.
std::string FormatSeconds(double seconds, const Style& style);

// "4 s", "1 min 20 s": for waiting.
std::string FormatWait(double seconds);

// "1 winner", "2 winners".
std::string Count(int64_t count, std::string_view noun);

// "512 B", "1.5 MiB".
std::string FormatBytes(double bytes);

// "549.2": floating-point operations in 1e12 a second; "-" where `seconds` is not positive.
std::string FormatTeraflops(double operations, double seconds);

// Bytes over time in 10^9 a second, four figures; "-" without bytes or time.
std::string FormatGigabytes(double bytes, double seconds);

// "55.5%" of numerator / denominator; "-" where either is not positive.
std::string FormatShare(double numerator, double denominator);

// "0.97x"; "-" where either is not positive.
std::string FormatRatio(double numerator, double denominator);

// As the service describes it: "gemm_sm80 tile=128x256x64 warps=2x4 stages=4". Every parameter
// where it does not, as older ones. "cublasLt #0" for a vendor's algorithm.
std::string DescribeVariant(const v1::Variant& variant);
std::string DescribeCandidate(const v1::Candidate& candidate);

// "NVIDIA H200 (sm_90, 132 SMs)"
std::string DescribeSilicon(const v1::Silicon& silicon);

// "gemm.m: must be at least 1, was 0 [OUT_OF_RANGE]": one line whatever the message.
std::string FormatError(const absl::Status& status);

// Columns aligned by content: text to the left, the columns in `right` to the right. What a
// terminal would obey in a cell is spelled out.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::vector<bool> right = {});
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // One line a row, "\n" after each, no blanks at line ends.
  std::string Render(const Style& style) const;

 private:
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_FORMAT_H_
