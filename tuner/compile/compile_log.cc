#include "tuner/compile/compile_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxMessageBytes = 2000;

// Calls `visit` for each line, without its line end.
template <typename Visitor>
void ForEachLine(std::string_view text, Visitor visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Returns the text between `before` and the next quote.
std::optional<std::string_view> Quoted(std::string_view line, std::string_view before) {
  const std::size_t begin = line.find(before);
  if (begin == std::string_view::npos) return std::nullopt;
  line.remove_prefix(begin + before.size());
  const std::size_t end = line.find('\'');
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(0, end);
}

// Returns the number right before `unit`: 12 in "used 12 registers" for " registers".
std::optional<int> NumberBefore(std::string_view line, std::string_view unit) {
  const std::size_t end = line.find(unit);
  if (end == std::string_view::npos) return std::nullopt;
  std::size_t begin = end;
  while (begin > 0 && absl::ascii_isdigit(static_cast<unsigned char>(line[begin - 1]))) --begin;
  int number = 0;
  const auto result = std::from_chars(line.data() + begin, line.data() + end, number);
  if (result.ec != std::errc() || result.ptr != line.data() + end) return std::nullopt;
  return number;
}

bool SpeaksOfResources(std::string_view log) {
  constexpr std::array<std::string_view, 4> kSigns = {
      "out of memory", "uses too much", "too many resources", "insufficient registers"};
  const auto in_log = [log](std::string_view sign) {
    return log.find(sign) != std::string_view::npos;
  };
  return std::any_of(kSigns.begin(), kSigns.end(), in_log);
}

bool IsError(std::string_view line) {
  constexpr std::array<std::string_view, 3> kSigns = {"error", "fatal", "Error"};
  const auto in_line = [line](std::string_view sign) {
    return line.find(sign) != std::string_view::npos;
  };
  return std::any_of(kSigns.begin(), kSigns.end(), in_line);
}

std::string_view FromFirstError(std::string_view log) {
  std::string_view rest;
  ForEachLine(log, [&](std::string_view line) {
    if (rest.empty() && IsError(line)) {
      rest = log.substr(static_cast<std::size_t>(line.data() - log.data()));
    }
  });
  return rest.empty() ? log : rest;
}

}  // namespace

std::vector<EntryResources> ParseResources(std::string_view log) {
  std::vector<EntryResources> entries;
  ForEachLine(log, [&](std::string_view line) {
    if (const auto symbol = Quoted(line, "Compiling entry function '")) {
      entries.emplace_back().entry_symbol = std::string(*symbol);
    }
    if (entries.empty()) return;
    EntryResources& entry = entries.back();
    // Functions that an entry calls have lines of their own. Their spills count for the entry.
    entry.spill_bytes += NumberBefore(line, " bytes spill stores").value_or(0);
    entry.spill_bytes += NumberBefore(line, " bytes spill loads").value_or(0);
    if (const auto registers = NumberBefore(line, " registers")) {
      entry.registers_per_thread = *registers;
      entry.static_shared_memory_bytes = NumberBefore(line, " bytes smem").value_or(0);
    }
  });
  return entries;
}

bool NamesAnError(std::string_view log) { return IsError(log); }

v1::Failure FailureFromLog(std::string_view log) {
  v1::Failure failure;
  failure.set_kind(SpeaksOfResources(log) ? v1::FAILURE_KIND_RESOURCE_LIMIT
                                          : v1::FAILURE_KIND_COMPILE_ERROR);
  std::string message(FromFirstError(log).substr(0, kMaxMessageBytes));
  absl::StripAsciiWhitespace(&message);
  if (message.empty()) message = "the compiler gave no reason";
  failure.set_message(std::move(message));
  return failure;
}

}  // namespace tilewright
