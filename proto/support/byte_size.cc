#include "proto/support/byte_size.h"

#include <charconv>
#include <system_error>

namespace tilewright {
namespace {

struct Unit {
  std::string_view suffix;
  double bytes;
};

// "B" comes last because all other units end with it.
constexpr Unit kUnits[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                           {"TiB", 0x1p40}, {"KB", 1e3},     {"MB", 1e6},
                           {"GB", 1e9},     {"TB", 1e12},    {"B", 1}};

}  // namespace

std::optional<int64_t> ParseByteSize(std::string_view text) {
  double factor = 1;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    text.remove_suffix(unit.suffix.size());
    factor = unit.bytes;
    break;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // This form refuses NaN too.
  if (!(number >= 0 && number * factor <= 0x1p60)) return std::nullopt;
  return static_cast<int64_t>(number * factor);
}

}  // namespace tilewright
