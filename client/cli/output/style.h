// How to write to a stream: colour and Unicode only if they show.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_STYLE_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_STYLE_H_

#include <string>
#include <string_view>

namespace tilewright::cli {

enum class Colour { kPlain, kBold, kDim, kRed, kGreen, kYellow };

struct Style {
  bool terminal = false;
  bool colour = false;
  bool unicode = false;
  int width = 80;

  // Returns `text` in `colour`, or unchanged if this style has no colour.
  std::string Paint(Colour paint, std::string_view text) const;
};

// Returns `text` with everything spelled out that a terminal would obey, except one colour of the
// whole text, which Paint may have given it.
std::string PrintableCell(std::string_view text);

// Returns the style of a file descriptor. Colour: it is a terminal, not "dumb", and NO_COLOR is
// unset or empty. Unicode: it is a terminal whose locale is UTF-8. Files and pipes get plain ASCII.
Style StyleOf(int file_descriptor);

// Returns the columns that `text` takes: one for a UTF-8 sequence, none for a colour code.
int DisplayWidth(std::string_view text);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_STYLE_H_
