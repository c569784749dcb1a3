#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_APP_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_APP_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/cli/output/style.h"

namespace tilewright::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  Style out_style;
  Style err_style;
};

// Runs the whole command: parses `arguments` (without the program's name), runs it, reports a
// failure on one line, and returns the exit code.
int Run(const std::vector<std::string>& arguments, const Streams& streams);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_APP_H_
