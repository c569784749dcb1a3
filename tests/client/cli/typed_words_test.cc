#include "client/cli/problems/typed_words.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/problems/problem_flags.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void AppendFields(const google::protobuf::Descriptor& message, const std::string& path,
                  std::vector<std::string>& fields) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    const std::string name = absl::StrCat(path, ".", field.name());
    if (field.message_type() != nullptr) {
      AppendFields(*field.message_type(), name, fields);
    } else {
      fields.push_back(name);
    }
  }
}

TEST(TypedWords, EachFieldOfAProblemHasItsFlag) {
  std::vector<std::string> without;
  const google::protobuf::Descriptor& problem = *v1::Problem::descriptor();
  for (const ProblemKind* kind : ProblemKinds()) {
    std::vector<std::string> fields;
    AppendFields(*problem.FindFieldByName(kind->name())->message_type(), kind->name(), fields);
    for (const std::string& field : fields) {
      const absl::Status said =
          InTypedWords(InvalidField(field, "WRONG", "is wrong"), [&](const std::string& name) {
            return kind->HasField(name) ? absl::StrCat("--", name) : "";
          });
      if (!absl::StartsWith(said.message(), "--")) without.push_back(field);
      EXPECT_THAT(std::string(said.message()), HasSubstr(": is wrong"));
      EXPECT_EQ(MetadataOf(said), MetadataOf(InvalidField(field, "WRONG", "is wrong")));
    }
  }
  // The command has no flags for these.
  EXPECT_THAT(without, ElementsAre("fused_dropout.numerics.determinism",
                                   "fused_dropout.numerics.error_budget",
                                   "fused_dropout.numerics.promote_accumulation"));
}

TEST(TypedWords, OtherMessagesStay) {
  const auto all = [](const std::string& name) { return "--" + name; };
  EXPECT_EQ(InTypedWords(absl::InternalError("m: none"), all), absl::InternalError("m: none"));
  const absl::Status inside = MakeError(absl::StatusCode::kInvalidArgument, "WRONG",
                                        "gemm.m of a.csv is wrong", {{"field", "gemm.m"}});
  EXPECT_EQ(InTypedWords(inside, all), inside);
}

}  // namespace
}  // namespace tilewright::cli
