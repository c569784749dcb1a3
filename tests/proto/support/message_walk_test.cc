#include "proto/support/message_walk.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::Message;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Recorder final : public MessageVisitor {
 public:
  explicit Recorder(Wants wants = {.text = true, .enums = true}) : MessageVisitor(wants) {}

  bool Enters(const Descriptor& type) override { return &type != left_out; }
  absl::Status OnMessage(const Message& message, const FieldPath& path) override {
    seen.push_back(absl::StrCat(path.ToString(), ": ", message.GetDescriptor()->name()));
    return absl::OkStatus();
  }
  absl::Status OnText(const std::string& text, const FieldPath& path) override {
    seen.push_back(absl::StrCat(path.ToString(), ": '", text, "'"));
    return text == "wrong" ? absl::InvalidArgumentError(path.ToString()) : absl::OkStatus();
  }
  absl::Status OnEnum(int value, const EnumDescriptor& type, const FieldPath& path) override {
    seen.push_back(absl::StrCat(path.ToString(), ": ", type.name(), " ", value));
    return absl::OkStatus();
  }

  const Descriptor* left_out = nullptr;
  std::vector<std::string> seen;
};

v1::CreateSweepRequest TwoEntries() {
  v1::CreateSweepRequest request;
  request.set_sweep_id("s");
  request.add_entries()->set_label("a");
  request.mutable_entries(0)->mutable_problem()->mutable_gemm()->set_m(5);
  request.add_entries()->set_state(v1::WORK_STATE_FAILED);
  return request;
}

TEST(MessageWalk, ComesByMessagesTextsAndEnumsWithTheirPaths) {
  Recorder recorder;
  ASSERT_TRUE(Walk(TwoEntries(), recorder).ok());
  EXPECT_THAT(recorder.seen,
              ElementsAre(": CreateSweepRequest", "sweep_id: 's'", "entries[0]: SweepEntry",
                          "entries[0].label: 'a'", "entries[0].problem: Problem",
                          "entries[0].problem.gemm: GemmProblem", "entries[1]: SweepEntry",
                          "entries[1].state: WorkState 4"));
}

TEST(MessageWalk, LeavesOutWhatIsNotEntered) {
  Recorder recorder;
  recorder.left_out = v1::SweepEntry::descriptor();
  ASSERT_TRUE(Walk(TwoEntries(), recorder).ok());
  EXPECT_THAT(recorder.seen, ElementsAre(": CreateSweepRequest", "sweep_id: 's'"));
}

TEST(MessageWalk, TellsNothingThatTheVisitorDoesNotWant) {
  Recorder texts({.text = true});
  ASSERT_TRUE(Walk(TwoEntries(), texts).ok());
  EXPECT_THAT(texts.seen, Not(Contains(HasSubstr("WorkState"))));
  EXPECT_THAT(texts.seen, Contains("sweep_id: 's'"));
  Recorder enums({.enums = true});
  ASSERT_TRUE(Walk(TwoEntries(), enums).ok());
  EXPECT_THAT(enums.seen, Not(Contains(HasSubstr("'"))));
  EXPECT_THAT(enums.seen, Contains("entries[1].state: WorkState 4"));
}

TEST(MessageWalk, EndsWithTheFirstError) {
  v1::CreateSweepRequest request = TwoEntries();
  request.mutable_entries(0)->set_label("wrong");
  Recorder recorder;
  EXPECT_EQ(Walk(request, recorder).message(), "entries[0].label");
  EXPECT_EQ(recorder.seen.size(), 4u);
}

}  // namespace
}  // namespace tilewright
