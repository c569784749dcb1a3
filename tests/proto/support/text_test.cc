#include "proto/support/text.h"

#include <string>

#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {
namespace {

TEST(TextTest, KnowsUtf8FromOtherBytes) {
  for (const char* text :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << ToUtf8(text);
  }
  // A lone byte, overlong forms, surrogates, beyond the last character, cut off.
  for (const char* text : {"\xff", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xe2\x82", "a\xc3"}) {
    EXPECT_FALSE(IsUtf8(text)) << ToUtf8(text);
  }
}

TEST(TextTest, SpellsOutWhatIsNotUtf8AndKeepsTheRest) {
  EXPECT_EQ(ToUtf8("caf\xc3\xa9\n"), "caf\xc3\xa9\n");
  EXPECT_EQ(ToUtf8("a\xff"
                   "b\xe2\x82"
                   "c"),
            "a\\xffb\\xe2\\x82c");
}

TEST(TextTest, AWordOfAShellKeepsEveryLetter) {
  EXPECT_EQ(QuotedForShell("/a b/$c"), "'/a b/$c'");
  EXPECT_EQ(QuotedForShell("it's"), "'it'\\''s'");
}

TEST(TextTest, NothingPrintableIsObeyedByATerminal) {
  EXPECT_EQ(Printable("caf\xc3\xa9 \xe2\x82\xac"), "caf\xc3\xa9 \xe2\x82\xac");
  EXPECT_EQ(Printable("\x1b[2J\x1b]0;title\x07"), "\\x1b[2J\\x1b]0;title\\x07");
  EXPECT_EQ(Printable("a\nb\r\tc\x7f"), "a\\nb\\r\\tc\\x7f");
  // C1 controls (CSI is U+009B) and what turns the direction of the text.
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(Printable(std::string("nul\0", 4)), "nul\\x00");
}

TEST(TextTest, EveryByteIsPrintedAsPlainUtf8) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text =
          Printable(std::string{static_cast<char>(first), static_cast<char>(second)});
      EXPECT_TRUE(IsUtf8(text));
      for (const char byte : text) EXPECT_GE(static_cast<unsigned char>(byte), 0x20) << first;
    }
  }
}

TEST(TextTest, AMessageSaysWhichOfItsStringsIsNotUtf8) {
  v1::CreateSweepRequest request;
  request.add_entries()->set_label("sound");
  request.add_entries()->set_label("bad \xff");
  const absl::Status status = CheckUtf8(request);
  EXPECT_EQ(ReasonOf(status), "NOT_UTF8");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "entries[1].label");
  MakeUtf8(request);
  EXPECT_TRUE(CheckUtf8(request).ok());
  EXPECT_EQ(request.entries(1).label(), "bad \\xff");
}

TEST(TextTest, StringsOfMapsAndBelowRepeatedMessagesAreMadeUtf8) {
  v1::Sweep sweep;
  (*sweep.add_entries()->mutable_error_metadata())["path"] = "/tmp/\xfe";
  sweep.mutable_current()->mutable_winner()->set_reason("\x80");
  EXPECT_FALSE(CheckUtf8(sweep).ok());
  MakeUtf8(sweep);
  v1::Sweep parsed;
  ASSERT_TRUE(parsed.ParseFromString(sweep.SerializeAsString()));
  EXPECT_EQ(parsed.entries(0).error_metadata().at("path"), "/tmp/\\xfe");
}

// Before, the details of such an error could not be parsed, and its reason was lost on the way.
TEST(TextTest, AnErrorAboutAnyBytesReachesTheOtherSide) {
  const absl::Status status = InvalidField("cache_dir", "CACHE_UNUSABLE", "cannot open /tmp/\xff");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(ToStatusDetails(status)));
  const absl::Status back =
      FromStatusDetails(status.code(), details.message(), ToStatusDetails(status));
  EXPECT_EQ(ReasonOf(back), "CACHE_UNUSABLE");
  EXPECT_EQ(back.message(), "cache_dir: cannot open /tmp/\\xff");
  EXPECT_TRUE(IsUtf8(std::string(ToStatusDetails(absl::UnknownError("\xff")))));
  const absl::Status more = WithMetadata(status, "directory", "/tmp/\xff");
  EXPECT_EQ(ErrorInfoOf(more)->metadata().at("directory"), "/tmp/\\xff");
}

}  // namespace
}  // namespace tilewright
