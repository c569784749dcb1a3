#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_KEY_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_KEY_H_

#include <string>
#include <string_view>
#include <vector>

#include "tuner/compile/compiler.h"

namespace tilewright {

// Returns the SHA-256 (hex) over everything that decides the result of a compile: equal keys mean
// equal code. `options` are those of CompileOptions. `template_digest` stands for the files that
// the source includes.
std::string CompileKey(const CompileJob& job, std::string_view nvrtc_version,
                       std::string_view template_digest, const std::vector<std::string>& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_KEY_H_
