// dropout_masks.json, which the references of the dropout mask and the kernels' header must give.
#ifndef TILEWRIGHT_TESTS_GOLDEN_DROPOUT_MASKS_H_
#define TILEWRIGHT_TESTS_GOLDEN_DROPOUT_MASKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "proto/problem/dropout_mask.h"
#include "tests/proto/problem/dropout_mask_oracle.h"

namespace tilewright {

// TILEWRIGHT_GOLDEN_DIR is given by the test's CMakeLists.txt.
inline nlohmann::json GoldenMasks() {
  std::ifstream file(TILEWRIGHT_GOLDEN_DIR "/dropout_masks.json");
  EXPECT_TRUE(file.is_open());
  return nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
}

// The words of "6627e8d5 e169c58d".
template <std::size_t kWords>
std::array<uint32_t, kWords> HexWords(const std::string& text) {
  std::array<uint32_t, kWords> words{};
  std::istringstream stream(text);
  for (uint32_t& word : words) stream >> std::hex >> word;
  return words;
}

inline std::string HexBytes(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
  return text;
}

inline DropoutMask MaskOf(const nlohmann::json& golden) {
  return {golden["seed"], golden["offset"], golden["rounds"],
          QuantizeProbability(golden["probability"])};
}

inline MaskRegion RegionOf(const nlohmann::json& golden) {
  return {golden["batch"], golden["first_row"], golden["first_column"], golden["rows"],
          golden["columns"]};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GOLDEN_DROPOUT_MASKS_H_
