#include "client/cli/output/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first variable that is set decides, as in setlocale.
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = absl::AsciiStrToLower(Variable(name));
    if (value.empty()) continue;
    return absl::StrContains(value, "utf-8") || absl::StrContains(value, "utf8");
  }
  return false;
}

const char* Code(Colour paint) {
  switch (paint) {
    case Colour::kPlain:
      return "0";
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
  }
  return "0";
}

}  // namespace

std::string Style::Paint(Colour paint, std::string_view text) const {
  if (!colour || paint == Colour::kPlain || text.empty()) return std::string(text);
  return absl::StrCat("\x1b[", Code(paint), "m", std::string(text), "\x1b[0m");
}

std::string PrintableCell(std::string_view text) {
  constexpr std::string_view kEnd = "\x1b[0m";
  for (const Colour colour :
       {Colour::kBold, Colour::kDim, Colour::kRed, Colour::kGreen, Colour::kYellow}) {
    const std::string begin = absl::StrCat("\x1b[", Code(colour), "m");
    if (text.size() < begin.size() + kEnd.size() || text.substr(0, begin.size()) != begin ||
        text.substr(text.size() - kEnd.size()) != kEnd) {
      continue;
    }
    return absl::StrCat(
        begin, Printable(text.substr(begin.size(), text.size() - begin.size() - kEnd.size())),
        std::string(kEnd));
  }
  return Printable(text);
}

Style StyleOf(int file_descriptor) {
  Style style;
  style.terminal = isatty(file_descriptor) == 1;
  if (!style.terminal) return style;
  const std::string terminal = Variable("TERM");
  style.colour = Variable("NO_COLOR").empty() && !terminal.empty() && terminal != "dumb";
  style.unicode = LocaleIsUtf8();
  winsize size{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  bool in_code = false;
  for (const char byte : text) {
    if (byte == '\x1b') in_code = true;
    const bool continuation = (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
    if (!in_code && !continuation) ++width;
    if (in_code && byte == 'm') in_code = false;
  }
  return width;
}

}  // namespace tilewright::cli
