#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// The path of NVIDIA's cuobjdump: in $CUDA_HOME/bin, on $PATH or in /usr/local/cuda/bin.
// FAILED_PRECONDITION, reason CUOBJDUMP_NOT_FOUND, with what to install.
absl::StatusOr<std::string> FindCuobjdump();

// The SASS of `cubin`, as `cuobjdump` prints it. FAILED_PRECONDITION, reason CUOBJDUMP_FAILED, in
// its own words.
absl::StatusOr<std::string> Disassemble(const std::string& cuobjdump, std::string_view cubin);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DISASSEMBLER_H_
