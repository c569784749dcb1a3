#ifndef TILEWRIGHT_PROTO_SUPPORT_NVCC_COMMAND_H_
#define TILEWRIGHT_PROTO_SUPPORT_NVCC_COMMAND_H_

#include <string>

namespace tilewright {

// Returns the command that compiles a rendered source by hand: "nvcc -cubin -arch=sm_90a ...".
// Kernels need these options, and profilers need the line info. `includes`: the folder of the
// included files; empty if the source includes none.
std::string NvccCommand(const std::string& architecture, const std::string& includes,
                        const std::string& output, const std::string& source);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_NVCC_COMMAND_H_
