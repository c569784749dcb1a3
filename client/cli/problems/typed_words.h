#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_TYPED_WORDS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_TYPED_WORDS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace tilewright::cli {

// Returns the flag for a field: "--bias-type" for "bias_type".
std::string FlagOf(const std::string& field);

// Returns `status` in the words that the person typed: "--bias: ..." instead of
// "gemm.epilogue.bias_mode: ...". `spell` returns how a name such as "bias" was typed, or "" if the
// command has no such name. The metadata keep the field of the API, for programs.
absl::Status InTypedWords(const absl::Status& status,
                          const std::function<std::string(const std::string& name)>& spell);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_TYPED_WORDS_H_
