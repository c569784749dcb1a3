#include "client/cli/problems/enum_names.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

using google::protobuf::EnumDescriptor;

// Value 0 of every enum of the contract is "<PREFIX>_UNSPECIFIED".
size_t PrefixLength(const EnumDescriptor& type) {
  return type.value(0)->name().size() - std::string_view("UNSPECIFIED").size();
}

std::string ShortName(const EnumDescriptor& type, int index) {
  return absl::AsciiStrToLower(type.value(index)->name().substr(PrefixLength(type)));
}

}  // namespace

std::string EnumName(const EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? "unknown" : ShortName(type, value->index());
}

std::string EnumNameList(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(ShortName(type, i));
  return absl::StrJoin(names, ", ");
}

absl::StatusOr<int> ParseEnumName(const EnumDescriptor& type, std::string_view field,
                                  std::string_view text) {
  const std::string wanted =
      absl::StrReplaceAll(absl::AsciiStrToLower(std::string(text)), {{"-", "_"}});
  for (int i = 1; i < type.value_count(); ++i) {
    if (ShortName(type, i) == wanted) return type.value(i)->number();
  }
  return InvalidField(
      field, "UNKNOWN_NAME",
      absl::StrCat("must be one of ", EnumNameList(type), ", was '", std::string(text), "'"));
}

absl::Status ParseLayout(std::string_view text, v1::GemmProblem& problem) {
  const std::string letters = absl::AsciiStrToLower(std::string(text));
  if (letters.size() != 2 || letters.find_first_not_of("nt") != std::string::npos) {
    return InvalidField(
        "gemm.layout", "UNKNOWN_NAME",
        absl::StrCat("must be one of nn, nt, tn, tt (A then B; n: stored as [m,k] or [k,n], "
                     "t: as [k,m] or [n,k]), was '",
                     std::string(text), "'"));
  }
  const auto layout = [](char letter) {
    return letter == 't' ? v1::OPERAND_LAYOUT_TRANSPOSED : v1::OPERAND_LAYOUT_NORMAL;
  };
  problem.set_a_layout(layout(letters[0]));
  problem.set_b_layout(layout(letters[1]));
  return absl::OkStatus();
}

}  // namespace tilewright::cli
