// What a source compiles to the same code as: texts without comments and formatting, and all that
// they include. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_
#define TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "tuner/codegen/template_library.h"

namespace tilewright {

// `text` without comments and with white space only where it parts tokens or ends a directive:
// equal for sources that differ in formatting alone. Literals, also raw ones, stay as they are.
std::string NormalizeSource(std::string_view text);

// The paths that `root` reaches by lines `#include "path"`, itself among them, sorted. Paths that
// `files` does not have are left out.
std::vector<std::string_view> IncludeClosure(std::string_view root,
                                             const std::vector<EmbeddedFile>& files);

// The files that `text` reaches by lines `#include "path"`, sorted by path.
std::vector<EmbeddedFile> IncludedFiles(std::string_view text,
                                        const std::vector<EmbeddedFile>& files);

// Hex SHA-256 over path and normalized text of every file in the closure of `root`. After the
// digest that DeepGEMM's JIT takes over a kernel's own includes (csrc/jit/include_parser.hpp).
std::string ClosureDigest(std::string_view root, const std::vector<EmbeddedFile>& files);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_
