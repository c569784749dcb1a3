// How a stream is written to: colour and Unicode only where they show.
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

  // `text` in `colour`, or as it is.
  std::string Paint(Colour paint, std::string_view text) const;
};

// `text` with all that a terminal would obey spelled out, but for the one colour that the whole of
// it may have from Paint.
std::string PrintableCell(std::string_view text);

// The style of a file descriptor. Colour: a terminal, not "dumb", and NO_COLOR unset or empty.
// Unicode: a terminal whose locale is UTF-8; files and pipes get plain ASCII.
Style StyleOf(int file_descriptor);

// Columns that `text` takes: UTF-8 sequences as one, colour codes as none.
int DisplayWidth(std::string_view text);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_STYLE_H_
