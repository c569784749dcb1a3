#include "proto/support/nvcc_command.h"

#include "absl/strings/str_cat.h"

namespace tilewright {

std::string NvccCommand(const std::string& architecture, const std::string& includes,
                        const std::string& output, const std::string& source) {
  return absl::StrCat("nvcc -cubin -arch=", architecture,
                      " -std=c++20 --expt-relaxed-constexpr -lineinfo -Xptxas -v",
                      includes.empty() ? "" : " -I ", includes, " -o ", output, " ", source);
}

}  // namespace tilewright
