#ifndef TILEWRIGHT_TESTS_PROTO_PROBLEM_TEXT_PROBLEM_H_
#define TILEWRIGHT_TESTS_PROTO_PROBLEM_TEXT_PROBLEM_H_

#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The problem that `text` spells: "gemm { m: 1 n: 2 k: 3 }".
inline v1::Problem ParseProblem(const std::string& text) {
  v1::Problem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem)) << text;
  return problem;
}

// As above, canonical; fails the test where the problem is refused.
inline v1::Problem CanonicalProblem(const std::string& text) {
  const auto canonical = Canonicalize(ParseProblem(text));
  EXPECT_TRUE(canonical.ok()) << text << ": " << canonical.status();
  return canonical.ok() ? *canonical : v1::Problem();
}

// A shape that most cases share, followed by the fields under test.
inline std::string Gemm(const std::string& fields) {
  return "gemm { m: 64 n: 48 k: 32 " + fields + " }";
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_PROTO_PROBLEM_TEXT_PROBLEM_H_
