#include "tuner/codegen/source_digest.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using testing::ElementsAre;

TEST(NormalizeSourceTest, CommentsAndFormattingDoNotMatter) {
  const std::string plain = NormalizeSource("int f(int a) { return a + 1; }");
  EXPECT_EQ(NormalizeSource("// why\nint f( int a )\n{\n  return a+1; /* one\n more */ }\n"),
            plain);
  EXPECT_EQ(NormalizeSource("int f(int a) {\r\n\treturn a + 1;\r\n}"), plain);
  EXPECT_EQ(NormalizeSource("int/* of */f(int a) { return a + 1; }"), plain);
}

TEST(NormalizeSourceTest, TokensStayApart) {
  EXPECT_NE(NormalizeSource("int f;"), NormalizeSource("intf;"));
  EXPECT_NE(NormalizeSource("a - -b"), NormalizeSource("a --b"));
  EXPECT_NE(NormalizeSource("a<b<c> >"), NormalizeSource("a<b<c>>"));
  EXPECT_NE(NormalizeSource("return a + 1;"), NormalizeSource("return a + 2;"));
}

TEST(NormalizeSourceTest, DirectivesEndWithTheirLine) {
  EXPECT_NE(NormalizeSource("#define A\nB"), NormalizeSource("#define A B"));
  EXPECT_NE(NormalizeSource("#define F (x)"), NormalizeSource("#define F(x)"));
  EXPECT_EQ(NormalizeSource("#define A \\\n  1\n"), NormalizeSource("#define A 1\n"));
  EXPECT_NE(NormalizeSource("a\n#pragma unroll\nb"), NormalizeSource("a\nb"));
}

TEST(NormalizeSourceTest, LiteralsStayAsTheyAre) {
  EXPECT_NE(NormalizeSource("f(\"a  b\")"), NormalizeSource("f(\"a b\")"));
  EXPECT_NE(NormalizeSource("f(\"// a\")"), NormalizeSource("f(\"// b\")"));
  EXPECT_NE(NormalizeSource("f(\"\\\" /* a */\")"), NormalizeSource("f(\"\\\" /* b */\")"));
  EXPECT_NE(NormalizeSource("f(R\"(a \" // x)\")"), NormalizeSource("f(R\"(a \" // y)\")"));
  EXPECT_EQ(NormalizeSource("'\"' + 1 // a"), NormalizeSource("'\"'+1 // b"));
}

// Unfinished sources come to an end.
TEST(NormalizeSourceTest, AnyTextIsTaken) {
  for (const char* text : {"", "/*", "//", "\"", "'", "R\"(", "R\"", "\"\\", "#", "\\\n"}) {
    NormalizeSource(text);
  }
}

std::vector<EmbeddedFile> Files(const char* b) {
  return {{"a.cuh", "#include \"b.cuh\"\n#include \"lost.cuh\"\n"},
          {"b.cuh", b},
          {"c.cuh", "#include \"a.cuh\"\n"},
          {"d.cuh", "int d;\n"}};
}

TEST(IncludeClosureTest, IsWhatTheRootReaches) {
  const auto files = Files("#include \"c.cuh\"\n// #include \"d.cuh\"\n");
  EXPECT_THAT(IncludeClosure("a.cuh", files), ElementsAre("a.cuh", "b.cuh", "c.cuh"));
  EXPECT_THAT(IncludeClosure("d.cuh", files), ElementsAre("d.cuh"));
  EXPECT_THAT(IncludeClosure("none.cuh", files), ElementsAre());
}

TEST(IncludedFilesTest, AreWhatATextReaches) {
  const auto files = Files("#include \"d.cuh\"\n");
  const auto included = IncludedFiles("#define X\n#include \"a.cuh\"\nint x;\n", files);
  ASSERT_EQ(included.size(), 3u);
  EXPECT_EQ(included[0].path, "a.cuh");
  EXPECT_EQ(included[2].path, "d.cuh");
  EXPECT_EQ(included[2].text, "int d;\n");
  EXPECT_TRUE(IncludedFiles("int x;\n", files).empty());
}

TEST(ClosureDigestTest, ChangesWithWhatIsIncludedAndNothingElse) {
  const std::string digest = ClosureDigest("a.cuh", Files("int b;\n"));
  EXPECT_EQ(ClosureDigest("a.cuh", Files("int  b;  // a comment\n")), digest);
  EXPECT_NE(ClosureDigest("a.cuh", Files("int c;\n")), digest);
  EXPECT_EQ(ClosureDigest("d.cuh", Files("int b;\n")), ClosureDigest("d.cuh", Files("int c;\n")));
}

}  // namespace
}  // namespace tilewright
