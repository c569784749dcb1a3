// What a newer client may send and this version does not know is refused by every RPC, in every
// message: to drop it would do something else than was asked.
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "server/net/request_check.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Of CacheService and others that a later version may add: one that is not built yet.
bool IsNotThere(const absl::Status& status) {
  return absl::IsUnimplemented(status) && !ErrorInfoOf(status).has_value();
}

class UnknownFieldsTest : public ::testing::Test {
 protected:
  // The end of a call of `method` with one message of these bytes.
  absl::Status Call(const std::string& method, const std::string& bytes) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::CompletionQueue queue;
    grpc::GenericStub stub(client_.channel);
    const auto stream = stub.PrepareCall(&context, method, &queue);
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      return ok;
    };
    stream->StartCall(nullptr);
    next();
    const grpc::Slice slice(bytes);
    stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    next();
    stream->WritesDone(nullptr);
    next();
    grpc::ByteBuffer reply;
    for (stream->Read(&reply, nullptr); next(); stream->Read(&reply, nullptr)) {
    }
    grpc::Status status;
    stream->Finish(&status, nullptr);
    next();
    return FromGrpc(status);
  }

  static std::vector<const MethodDescriptor*> Methods() {
    std::vector<const MethodDescriptor*> methods;
    const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
    for (const char* name : {"tilewright.v1.KernelService", "tilewright.v1.TuningService",
                             "tilewright.v1.CacheService"}) {
      const ServiceDescriptor* service = pool.FindServiceByName(name);
      for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
    }
    return methods;
  }

  static std::string PathOf(const MethodDescriptor& method) {
    return absl::StrCat("/", method.service()->full_name(), "/", method.name());
  }

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(UnknownFieldsTest, EveryRpcRefusesAFieldThatItDoesNotKnow) {
  const std::string field_999 = std::string("\xb8\x3e\x01", 3);  // Number 999, varint 1.
  int checked = 0;
  for (const MethodDescriptor* method : Methods()) {
    const absl::Status status = Call(PathOf(*method), field_999);
    if (IsNotThere(status)) continue;
    ++checked;
    EXPECT_EQ(ReasonOf(status), "UNKNOWN_FIELD") << method->full_name() << ": " << status;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << method->full_name();
    EXPECT_NE(status.message().find("999"), std::string::npos) << method->full_name();
  }
  EXPECT_GE(checked, 18);
}

TEST_F(UnknownFieldsTest, AFieldInsideOptionsAndAnEnumValueAreNamedByTheirPath) {
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(64, 64, 64);
  request.mutable_options()
      ->GetReflection()
      ->MutableUnknownFields(request.mutable_options())
      ->AddVarint(77, 1);
  absl::Status status = client_.CreateTuning(request).status();
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_FIELD");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "options");
  v1::CreateSweepRequest sweep;
  sweep.set_sweep_id("s");
  sweep.add_entries()->set_label("a");
  sweep.add_entries()->set_state(static_cast<v1::WorkState>(99));
  status = client_.CreateSweep(sweep).status();
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_ENUM_VALUE");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "entries[1].state");
}

// Canonicalize has the last word on a problem, and says UNIMPLEMENTED.
TEST_F(UnknownFieldsTest, AProblemIsLeftToItsOwnCheck) {
  v1::GetKernelRequest request = RequestOf(64, v1::LOOKUP_MODE_BEST_AVAILABLE);
  v1::GemmProblem& gemm = *request.mutable_problem()->mutable_gemm();
  gemm.GetReflection()->MutableUnknownFields(&gemm)->AddVarint(999, 1);
  EXPECT_TRUE(CheckKnown(request).ok());
  EXPECT_TRUE(absl::IsUnimplemented(client_.Get(request).status()));
}

}  // namespace
}  // namespace tilewright
