#ifndef TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_
#define TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_

#include <string>
#include <string_view>

namespace tilewright {

// v1::Winner.key: hex SHA-256 of (problem encoding, silicon key, environment key), each
// preceded by its length so that no two triples read the same.
std::string WinnerKey(std::string_view problem_encoding, std::string_view silicon_key,
                      std::string_view environment_key);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_WINNER_KEY_H_
