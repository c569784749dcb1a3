#include "client/cli/output/format.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/cli/problems/enum_names.h"
#include "proto/support/errors.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

// Formats four significant figures, without an exponent.
std::string FourFigures(double value) {
  const int digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
  return absl::StrFormat("%.*f", digits, value);
}

}  // namespace

std::string FormatSeconds(double seconds, const Style& style) {
  if (!(seconds > 0)) return "-";
  if (seconds < 1e-3) {
    return absl::StrCat(FourFigures(seconds * 1e6), style.unicode ? " µs" : " us");
  }
  if (seconds < 1) return absl::StrCat(FourFigures(seconds * 1e3), " ms");
  return absl::StrCat(FourFigures(seconds), " s");
}

std::string FormatWait(double seconds) {
  const auto whole = static_cast<int64_t>(std::lround(std::max(0.0, seconds)));
  if (whole < 60) return absl::StrCat(whole, " s");
  if (whole < 3600) return absl::StrCat(whole / 60, " min ", whole % 60, " s");
  return absl::StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::string FormatBytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit == 0 ? 0 : 1, bytes, kUnits[unit]);
}

std::string FormatTeraflops(double operations, double seconds) {
  if (!(operations > 0) || !(seconds > 0)) return "-";
  return FourFigures(operations / seconds / 1e12);
}

std::string FormatGigabytes(double bytes, double seconds) {
  if (!(bytes > 0) || !(seconds > 0)) return "-";
  return FourFigures(bytes / seconds / 1e9);
}

std::string FormatShare(double numerator, double denominator) {
  if (!(numerator > 0) || !(denominator > 0)) return "-";
  return absl::StrFormat("%.1f%%", 100 * numerator / denominator);
}

std::string FormatRatio(double numerator, double denominator) {
  if (!(numerator > 0) || !(denominator > 0)) return "-";
  return absl::StrFormat("%.2fx", numerator / denominator);
}

std::string DescribeVariant(const v1::Variant& variant) {
  if (!variant.summary().empty()) return Printable(variant.summary());
  std::string text = Printable(variant.template_name());
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    absl::StrAppend(&text, " ", Printable(parameter.name()), "=", parameter.value());
  }
  return text;
}

std::string DescribeCandidate(const v1::Candidate& candidate) {
  if (candidate.has_variant()) return DescribeVariant(candidate.variant());
  if (candidate.has_vendor()) {
    const v1::VendorKernel& vendor = candidate.vendor();
    return absl::StrCat("cublasLt #", vendor.heuristic_rank(),
                        vendor.precision() == v1::PRECISION_UNSPECIFIED
                            ? ""
                            : absl::StrCat(" ", NameOf(vendor.precision())));
  }
  return "-";
}

std::string FormatError(const absl::Status& status) {
  const std::string message = Printable(absl::StrReplaceAll(
      absl::StripAsciiWhitespace(status.message()), {{"\r\n", "; "}, {"\n", "; "}, {"\t", " "}}));
  return absl::StrCat(message.empty() ? "no reason was given" : message, " [",
                      Printable(ReasonOf(status)), "]");
}

Table::Table(std::vector<std::string> header, std::vector<bool> right)
    : header_(std::move(header)), right_(std::move(right)) {
  right_.resize(header_.size(), false);
}

void Table::Add(std::vector<std::string> row) {
  row.resize(header_.size());
  for (std::string& cell : row) cell = PrintableCell(cell);
  rows_.push_back(std::move(row));
}

std::string Table::Render(const Style& style) const {
  std::vector<int> widths(header_.size(), 0);
  const auto widen = [&widths](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  };
  widen(header_);
  for (const auto& row : rows_) widen(row);

  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(static_cast<size_t>(widths[i] - DisplayWidth(row[i])), ' ');
      absl::StrAppend(&text, i == 0 ? "" : "  ", right_[i] ? padding : "", row[i],
                      right_[i] ? "" : padding);
    }
    absl::StripTrailingAsciiWhitespace(&text);
    return text;
  };
  std::string out = absl::StrCat(style.Paint(Colour::kBold, line(header_)), "\n");
  for (const auto& row : rows_) absl::StrAppend(&out, line(row), "\n");
  return out;
}

}  // namespace tilewright::cli
