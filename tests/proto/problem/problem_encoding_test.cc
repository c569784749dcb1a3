#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Sets `field` of `message` to something that is not its default.
void SetToAnother(const FieldDescriptor& field, Message& message) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, 12345);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, 12345);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, 0.375);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, true);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(&message, &field, 1);
    default:
      FAIL() << "no test value for the type of " << field.full_name();
  }
}

// One problem for each scalar field below `path`, with that field alone changed.
void CollectVariations(const v1::Problem& base, const std::vector<const FieldDescriptor*>& path,
                       const google::protobuf::Descriptor& type,
                       std::vector<std::pair<std::string, v1::Problem>>& out) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    ASSERT_FALSE(field.is_repeated()) << field.full_name();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      auto below = path;
      below.push_back(&field);
      CollectVariations(base, below, *field.message_type(), out);
      continue;
    }
    v1::Problem changed = base;
    Message* message = &changed;
    for (const FieldDescriptor* step : path) {
      message = message->GetReflection()->MutableMessage(message, step);
    }
    SetToAnother(field, *message);
    out.emplace_back(field.full_name(), changed);
  }
}

std::vector<std::pair<std::string, v1::Problem>> Variations(const char* kind) {
  const auto* field = v1::Problem::descriptor()->FindFieldByName(kind);
  v1::Problem base;
  base.GetReflection()->MutableMessage(&base, field);
  std::vector<std::pair<std::string, v1::Problem>> variations = {{"nothing", base}};
  CollectVariations(base, {field}, *field->message_type(), variations);
  return variations;
}

// Fails where somebody adds a field to problem.proto and leaves it out of the encoding.
TEST(ProblemEncodingTest, EveryFieldOfEveryKindCounts) {
  std::set<std::string> encodings;
  std::size_t total = 0;
  const auto& kinds = *v1::Problem::descriptor();
  for (int i = 0; i < kinds.field_count(); ++i) {
    for (const auto& [name, problem] : Variations(kinds.field(i)->name().c_str())) {
      ++total;
      EXPECT_TRUE(encodings.insert(EncodeProblem(problem)).second)
          << name << " does not change the encoding";
    }
  }
  EXPECT_EQ(encodings.size(), total);
  EXPECT_GT(total, 40u);
}

TEST(ProblemEncodingTest, HasAFixedLengthForEachKind) {
  const auto variations = Variations("gemm");
  for (const auto& [name, problem] : variations) {
    EXPECT_EQ(EncodeProblem(problem).size(), EncodeProblem(variations[0].second).size()) << name;
  }
}

// Stored keys depend on these bytes: if this fails, raise the encoding's version.
TEST(ProblemEncodingTest, IsStable) {
  const std::string encoding = EncodeProblem(CanonicalProblem("gemm { m: 258 n: 48 k: 32 }"));
  EXPECT_EQ(ToHex(encoding.substr(0, 16)), "02000000010000000201000000000000");
  EXPECT_EQ(ToHex(ProblemKey(CanonicalProblem("gemm { m: 258 n: 48 k: 32 }"))),
            "3faaa678cc20c997685ed6f734ac97dbc47ecd20fdcb24967b1570ece4a6228b");
}

// So do these: what all batches share was refused before, and took no bytes from the others.
TEST(ProblemEncodingTest, IsStableForBatches) {
  EXPECT_EQ(ToHex(ProblemKey(CanonicalProblem("gemm { m: 258 n: 48 k: 32 batch: 3 }"))),
            "bd674272c5d7e0432adebecfac8fd6aa7b7d8982a4fb330748c3182e711d6fda");
  EXPECT_NE(
      ProblemKey(CanonicalProblem("gemm { m: 258 n: 48 k: 32 batch: 3 }")),
      ProblemKey(CanonicalProblem("gemm { m: 258 n: 48 k: 32 batch: 3 a_batch_stride: -1 }")));
}

TEST(ProblemKeyTest, IsTheHashOfTheEncoding) {
  const v1::Problem problem = CanonicalProblem("gemm { m: 3 n: 5 k: 7 }");
  EXPECT_EQ(ProblemKey(problem), Sha256(EncodeProblem(problem)));
  EXPECT_EQ(ProblemKey(problem).size(), 32u);
}

TEST(ProblemFamilyKeyTest, IsTheSameForOtherShapes) {
  const std::string family = ShapelessKey(CanonicalProblem("gemm { m: 3 n: 5 k: 7 }"));
  EXPECT_EQ(family, ShapelessKey(CanonicalProblem(
                        "gemm { m: 99 n: 8 k: 64 batch: 3 lda: 100 ldd: 16 a_batch_stride: 5 }")));
}

// Kernels of versions that cannot serve these look like any other: they must not be found.
TEST(ProblemFamilyKeyTest, DiffersForWhatAllBatchesShareAndForExtentsNearTheLimit) {
  const auto family = [](const std::string& fields) {
    return ShapelessKey(
        CanonicalProblem("gemm { epilogue { source_mode: SOURCE_MODE_RESIDUAL } " + fields + " }"));
  };
  const std::set<std::string> families = {family("m: 8 n: 8 k: 8"),
                                          family("m: 8 n: 8 k: 8 batch: 2 a_batch_stride: -1"),
                                          family("m: 8 n: 8 k: 8 batch: 2 b_batch_stride: -1"),
                                          family("m: 8 n: 8 k: 8 batch: 2 c_batch_stride: -1"),
                                          family("m: 2147483640 n: 8 k: 8"),
                                          family("m: 8 n: 2147483640 k: 8"),
                                          family("m: 8 n: 8 k: 2147483640")};
  EXPECT_EQ(families.size(), 7u);
  EXPECT_EQ(family("m: 8 n: 8 k: 2147483640"), family("m: 16 n: 4 k: 2147483647"));
  EXPECT_EQ(family("m: 8 n: 8 k: 8"), family("m: 8 n: 8 k: 2147400000"));
  EXPECT_EQ(family("m: 8 n: 8 k: 8 batch: 2 a_batch_stride: -1"),
            family("m: 80 n: 8 k: 16 batch: 9 a_batch_stride: -1 d_batch_stride: 9999"));
}

TEST(ProblemFamilyKeyTest, IsTheSameForOtherProbabilitiesOfDropout) {
  const auto family = [](const std::string& probability) {
    return ShapelessKey(CanonicalProblem(
        "gemm { m: 3 n: 5 k: 7 epilogue { dropout { probability: " + probability + " } } }"));
  };
  EXPECT_EQ(family("0.1"), family("0.9"));
  EXPECT_NE(family("0.1"), family("0"));
}

TEST(ProblemFamilyKeyTest, DiffersForEverythingElse) {
  const std::set<std::string> shape = {"m",
                                       "n",
                                       "k",
                                       "batch",
                                       "lda",
                                       "ldb",
                                       "ldc",
                                       "ldd",
                                       "ld_aux",
                                       "a_batch_stride",
                                       "b_batch_stride",
                                       "c_batch_stride",
                                       "d_batch_stride",
                                       "aux_batch_stride"};
  const auto variations = Variations("gemm");
  const std::string base = ShapelessKey(variations[0].second);
  for (std::size_t i = 1; i < variations.size(); ++i) {
    const std::string& full_name = variations[i].first;
    const std::string name = full_name.substr(full_name.rfind('.') + 1);
    EXPECT_EQ(ShapelessKey(variations[i].second) == base, shape.count(name) == 1) << full_name;
  }
}

TEST(ProblemFamilyKeyTest, IsNoProblemKey) {
  const v1::Problem problem = CanonicalProblem("gemm { m: 1 n: 1 k: 1 }");
  EXPECT_NE(ShapelessKey(problem), ProblemKey(problem));
}

}  // namespace
}  // namespace tilewright
