// Names of enum values for people, in lower case without prefix: "DATA_TYPE_BF16" is "bf16".
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_ENUM_NAMES_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_ENUM_NAMES_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// "bf16". "unspecified" for value 0, "unknown" for a number of a newer version.
std::string EnumName(const google::protobuf::EnumDescriptor& type, int number);

// Returns the number of the value called `text`. The case does not matter, and "-" may stand for
// "_". INVALID_ARGUMENT on `field`: there is no such name; the message lists all names.
absl::StatusOr<int> ParseEnumName(const google::protobuf::EnumDescriptor& type,
                                  std::string_view field, std::string_view text);

// "bf16, fp16, ...": every name but that of value 0.
std::string EnumNameList(const google::protobuf::EnumDescriptor& type);

template <typename Enum>
std::string NameOf(Enum value) {
  return EnumName(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// Returns the name in the proto's own upper case: "MEASURED".
template <typename Enum>
std::string UpperNameOf(Enum value) {
  std::string name = NameOf(value);
  for (char& letter : name) letter = static_cast<char>(toupper(letter));
  return name;
}

template <typename Enum>
absl::StatusOr<Enum> ParseName(std::string_view field, std::string_view text) {
  auto number = ParseEnumName(*google::protobuf::GetEnumDescriptor<Enum>(), field, text);
  if (!number.ok()) return number.status();
  return static_cast<Enum>(*number);
}

// Reads the two letters of a GEMM's layout, A then B: "nt". The case does not matter.
absl::Status ParseLayout(std::string_view text, v1::GemmProblem& problem);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_ENUM_NAMES_H_
