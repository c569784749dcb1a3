#include "tuner/store/winner_key.h"

#include "proto/support/sha256.h"
#include "tuner/store/little_endian.h"

namespace tilewright {

std::string WinnerKey(std::string_view problem_encoding, std::string_view silicon_key,
                      std::string_view environment_key) {
  std::string text;
  for (const std::string_view part : {problem_encoding, silicon_key, environment_key}) {
    AppendUint64(part.size(), &text);
    text.append(part);
  }
  return ToHex(Sha256(text));
}

}  // namespace tilewright
