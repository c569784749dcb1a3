#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// Finds NVIDIA's cuobjdump in $CUDA_HOME/bin, on $PATH or in /usr/local/cuda/bin.
// FAILED_PRECONDITION, reason CUOBJDUMP_NOT_FOUND: the message says what to install.
absl::StatusOr<std::string> FindCuobjdump();

// Returns the SASS of `cubin`, as `cuobjdump` prints it. FAILED_PRECONDITION, reason
// CUOBJDUMP_FAILED: the message has the words of cuobjdump.
absl::StatusOr<std::string> Disassemble(const std::string& cuobjdump, std::string_view cubin);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_
