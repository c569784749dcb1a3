// Digests that are equal for sources that compile to the same code: they cover texts without
// comments and formatting, and all that these include. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_
#define TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "tuner/codegen/template_library.h"

namespace tilewright {

// Returns `text` without comments, and with white space only if it separates tokens or ends a
// directive. The result is equal for sources that differ only in formatting. Keeps all literals.
std::string NormalizeSource(std::string_view text);

// Returns `root` and the paths that it reaches by lines `#include "path"`, sorted. Omits paths that
// `files` does not have.
std::vector<std::string_view> IncludeClosure(std::string_view root,
                                             const std::vector<EmbeddedFile>& files);

// Returns the files that `text` reaches by lines `#include "path"`, sorted by path.
std::vector<EmbeddedFile> IncludedFiles(std::string_view text,
                                        const std::vector<EmbeddedFile>& files);

// Returns the hex SHA-256 over path and normalized text of every file in the closure of `root`. The
// model is the digest of DeepGEMM's JIT over a kernel's own includes (csrc/jit/include_parser.hpp).
std::string ClosureDigest(std::string_view root, const std::vector<EmbeddedFile>& files);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CODEGEN_SOURCE_DIGEST_H_
