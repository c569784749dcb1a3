// The `tilewright` command.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/commands/app.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/output.h"
#include "proto/support/standard_descriptors.h"

int main(int argc, char** argv) {
  using namespace tilewright::cli;
  tilewright::HoldStandardDescriptors();
  CatchInterrupts();
  // A write beyond a limit of file sizes fails, and the command says so.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const Style out_style = StyleOf(STDOUT_FILENO);
  OutputBuffer buffer(STDOUT_FILENO);
  std::ostream out(&buffer);
  return Run(arguments, {out, std::cerr, out_style, StyleOf(STDERR_FILENO)});
}
