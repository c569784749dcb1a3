#include "proto/support/known_values.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "proto/support/errors.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

using Path = std::vector<const FieldDescriptor*>;

// Visits the paths of all messages in messages of `type`, from `path` down.
void ForEachMessage(const Path& path, const Descriptor& type,
                    const std::function<void(const Path&, const Descriptor&)>& visit) {
  visit(path, type);
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    Path below = path;
    below.push_back(type.field(i));
    ForEachMessage(below, *type.field(i)->message_type(), visit);
  }
}

class KnownValuesFilterTest : public ::testing::Test {
 protected:
  // Makes the message at `path` and lets `change` set it.
  void Expect(bool passes, const Path& path, const std::function<void(Message&)>& change) {
    v1::Problem problem;
    Message* message = &problem;
    for (const FieldDescriptor* field : path) {
      message = message->GetReflection()->MutableMessage(message, field);
    }
    change(*message);
    EXPECT_EQ(filter_.Passes(problem), passes) << problem.DebugString();
    EXPECT_EQ(CheckKnownValues(problem, {.name = "problem", .unknown_field = Unimplemented}).ok(),
              passes)
        << problem.DebugString();
  }

  const KnownValuesFilter filter_{*v1::Problem::descriptor()};
};

TEST_F(KnownValuesFilterTest, PassesKnownEnumValuesAlone) {
  int enums = 0;
  ForEachMessage({}, *v1::Problem::descriptor(), [&](const Path& path, const Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor* field = type.field(i);
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM) continue;
      ++enums;
      const auto expect = [&](bool passes, int value) {
        Expect(passes, path, [&](Message& message) {
          message.GetReflection()->SetEnumValue(&message, field, value);
        });
      };
      const int count = field->enum_type()->value_count();
      for (int value = 0; value < count; ++value) expect(true, value);
      expect(false, count);
      expect(false, -1);
    }
  });
  EXPECT_GE(enums, 20);
}

TEST_F(KnownValuesFilterTest, StopsUnknownFieldsInEveryMessage) {
  int messages = 0;
  ForEachMessage({}, *v1::Problem::descriptor(), [&](const Path& path, const Descriptor&) {
    ++messages;
    Expect(true, path, [](Message&) {});
    Expect(false, path, [](Message& message) {
      message.GetReflection()->MutableUnknownFields(&message)->AddVarint(999, 1);
    });
  });
  EXPECT_GE(messages, 8);
}

TEST(KnownValuesFilterOfOtherTypesTest, LeavesRepeatedMessagesToTheWalk) {
  v1::CreateSweepRequest request;
  request.add_entries()->mutable_problem()->mutable_gemm()->set_a_type(v1::DATA_TYPE_BF16);
  EXPECT_FALSE(KnownValuesFilter(*request.GetDescriptor()).Passes(request));
}

TEST(KnownValuesFilterOfOtherTypesTest, LeavesRepeatedEnumsAndTypesInThemselvesToTheWalk) {
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    name: "test.proto"
    enum_type { name: "Enum" value { name: "ZERO" number: 0 } }
    message_type {
      name: "Enums"
      field { name: "enums" number: 1 label: LABEL_REPEATED type_name: "Enum" }
    }
    message_type {
      name: "List"
      field { name: "next" number: 1 label: LABEL_OPTIONAL type_name: "List" }
    })",
                                                            &file));
  google::protobuf::DescriptorPool pool;
  ASSERT_NE(pool.BuildFile(file), nullptr);
  google::protobuf::DynamicMessageFactory factory(&pool);
  for (const char* name : {"Enums", "List"}) {
    const Descriptor* type = pool.FindMessageTypeByName(name);
    ASSERT_NE(type, nullptr);
    EXPECT_FALSE(KnownValuesFilter(*type).Passes(*factory.GetPrototype(type))) << name;
  }
}

}  // namespace
}  // namespace tilewright
