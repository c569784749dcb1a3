#include "client/cli/problems/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/cli/problems/problem_text.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  return std::string(ParseSuite(text, "s.csv").status().message());
}

TEST(Suite, ReadsTheFiveColumns) {
  const auto suite = ParseSuite("# comment\n\nsq,NT,64,32,16\r\n up , tn,1,2,3\n", "s.csv");
  ASSERT_TRUE(suite.ok()) << suite.status();
  ASSERT_EQ(suite->size(), 2u);
  EXPECT_EQ((*suite)[0].name, "sq");
  EXPECT_EQ(DescribeProblem((*suite)[0].problem), "gemm nt bf16 m=64 n=32 k=16");
  EXPECT_EQ(DescribeProblem((*suite)[1].problem), "gemm tn bf16 m=1 n=2 k=3");
}

TEST(Suite, AHeaderNamesTheColumns) {
  const auto suite =
      ParseSuite("name,m,n,k,a_type,activation\nx,1,2,3,fp16,relu\ny,1,2,3,,\n", "s.csv");
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(DescribeProblem((*suite)[0].problem), "gemm nt fp16 m=1 n=2 k=3 relu");
  EXPECT_EQ(DescribeProblem((*suite)[1].problem), "gemm nt bf16 m=1 n=2 k=3");
}

TEST(Suite, RowsMakeItOneOfFusedDropouts) {
  const auto suite = ParseSuite(
      "name,rows,columns,operation,dropout,normalization,backward\n"
      "x,8,16,bias_dropout_residual,0.5,layer_norm,\ny,8,16,dropout,,,true\n",
      "s.csv");
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(DescribeProblem((*suite)[0].problem),
            "dropout bf16 rows=8 columns=16 p=0.5 bias residual layer_norm");
  EXPECT_EQ(DescribeProblem((*suite)[1].problem), "dropout bf16 rows=8 columns=16 backward");
  EXPECT_THAT(ErrorOf("name,rows,columns,operation,k\n"), HasSubstr("there is no 'k'"));
  EXPECT_THAT(ErrorOf("name,m,rows,columns,operation\n"), HasSubstr("there is no 'm'"));
  EXPECT_THAT(ErrorOf("name,rows,columns\n"), HasSubstr("'operation' is missing"));
  EXPECT_THAT(ErrorOf("name,rows,columns,operation\nx,8,16,none\n"),
              HasSubstr("s.csv:2: operation: must be one of"));
}

TEST(Suite, ErrorsSayFileLineAndColumn) {
  EXPECT_THAT(ErrorOf("a,nt,64,32,16\nb,nt,8k,1,1\n"), HasSubstr("s.csv:2: m: must be"));
  EXPECT_THAT(ErrorOf("a,xx,64,32,16\n"), HasSubstr("s.csv:1: layout: must be one of"));
  EXPECT_THAT(ErrorOf("a,nt,64,32\n"), HasSubstr("must have 5 columns (name,layout,m,n,k), has 4"));
  EXPECT_THAT(ErrorOf("a,nt,,32,16\n"), HasSubstr("s.csv:1: m: must not be empty"));
  EXPECT_THAT(ErrorOf(",nt,1,1,1\n"), HasSubstr("name: must not be empty"));
  EXPECT_THAT(ErrorOf("a,nt,1,1,1\na,nt,2,2,2\n"), HasSubstr("s.csv:2: name: 'a' occurs twice"));
  EXPECT_THAT(ErrorOf("name,m,n,k,colour\n"), HasSubstr("there is no 'colour'"));
  EXPECT_THAT(ErrorOf("name,m,n\n"), HasSubstr("'k' is missing"));
  EXPECT_EQ(ErrorOf("# nothing\n"), "s.csv: has no problems; a line is name,layout,m,n,k");
  EXPECT_EQ(ErrorInfoOf(ParseSuite("a,nt,x,1,1", "s.csv").status())->metadata().at("field"),
            "gemm.m");
}

std::string SweepErrorOf(const std::string& text) {
  return std::string(CheckSweepable(ParseSuite(text, "s.csv").value()).message());
}

// The service refused these without file and line.
TEST(Suite, WhatNoSweepTakesIsSaidWithItsLine) {
  EXPECT_EQ(SweepErrorOf("a,nt,1,1,1\n" + std::string(256, 'b') + ",nt,1,1,1\n"), "");
  EXPECT_EQ(SweepErrorOf("a,nt,1,1,1\n" + std::string(257, 'b') + ",nt,1,1,1\n"),
            "s.csv:2: name: must have at most 256 bytes, has 257");
  EXPECT_EQ(SweepErrorOf("a,nt,1,1,1\n\nb,nt,0,1,1\n"), "s.csv:3: m: 0 is not in [1, 2147483647]");
  std::string lines = "# first\n";
  for (int i = 0; i < 10000; ++i) absl::StrAppend(&lines, i, ",nt,1,1,1\n");
  EXPECT_EQ(SweepErrorOf(lines), "");
  EXPECT_EQ(SweepErrorOf(lines + "x,nt,1,1,1\n"),
            "s.csv:10002: a sweep takes at most 10000 problems, and this file has 10001; split it");
}

TEST(Suite, SaysWhyAFileCannotBeRead) {
  const absl::Status status = ReadSuite("/nowhere/suite.csv").status();
  EXPECT_EQ(status.message(), "/nowhere/suite.csv: cannot be read: No such file or directory");
  EXPECT_THAT(std::string(ReadSuite("/tmp").status().message()), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace tilewright::cli
