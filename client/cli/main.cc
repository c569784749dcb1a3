// The `tilewright` command.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/cli/interrupts.h"

int main(int argc, char** argv) {
  using namespace tilewright::cli;
  CatchInterrupts();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return Run(arguments, {std::cout, std::cerr, StyleOf(STDOUT_FILENO), StyleOf(STDERR_FILENO)});
}
