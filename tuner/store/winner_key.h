#ifndef TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_
#define TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_

#include <string>
#include <string_view>

namespace tilewright {

// Returns v1::Winner.key: hex SHA-256 of (problem encoding, silicon key, environment key). Each is
// preceded by its length, so no two triples give the same text.
std::string WinnerKey(std::string_view problem_encoding, std::string_view silicon_key,
                      std::string_view environment_key);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_
