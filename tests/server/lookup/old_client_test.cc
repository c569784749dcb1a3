// A client of version 0.1 with a daemon of this one: it sends messages as that version knew them,
// and reads replies by that version's own descriptors (tests/golden/v0.1/proto).
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

using google::protobuf::Message;

class OldMessages {
 public:
  OldMessages() {
    std::ifstream file(TILEWRIGHT_OLD_PROTOS, std::ios::binary);
    google::protobuf::FileDescriptorSet protos;
    EXPECT_TRUE(protos.ParseFromIstream(&file)) << TILEWRIGHT_OLD_PROTOS;
    for (const auto& proto : protos.file()) EXPECT_NE(pool_.BuildFile(proto), nullptr);
  }

  std::unique_ptr<Message> Make(const std::string& name) {
    const auto* type = pool_.FindMessageTypeByName("tilewright.v1." + name);
    if (type == nullptr) throw std::runtime_error("version 0.1 has no " + name);
    return std::unique_ptr<Message>(factory_.GetPrototype(type)->New());
  }

  std::unique_ptr<Message> Parse(const std::string& name, const std::string& text) {
    std::unique_ptr<Message> message = Make(name);
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get())) << text;
    return message;
  }

 private:
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
};

class OldClientTest : public ::testing::Test {
 protected:
  // Calls an RPC with the request in text form; the last reply, as text.
  std::string Call(const std::string& method, const std::string& request_type,
                   const std::string& request, const std::string& response_type) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    grpc::GenericStub stub(client_.channel);
    grpc::CompletionQueue queue;
    const grpc::Slice bytes(messages_.Parse(request_type, request)->SerializeAsString());
    const auto call = stub.PrepareCall(&context, "/tilewright.v1." + method, &queue);
    call->StartCall(nullptr);
    EXPECT_TRUE(Done(queue));
    call->WriteLast(grpc::ByteBuffer(&bytes, 1), grpc::WriteOptions(), nullptr);
    EXPECT_TRUE(Done(queue));
    std::string last;
    for (grpc::ByteBuffer reply;;) {
      call->Read(&reply, nullptr);
      if (!Done(queue)) break;
      grpc::Slice slice;
      EXPECT_TRUE(reply.DumpToSingleSlice(&slice).ok());
      const std::unique_ptr<Message> message = messages_.Make(response_type);
      EXPECT_TRUE(message->ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
      last = message->ShortDebugString();
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    EXPECT_TRUE(Done(queue));
    EXPECT_TRUE(status.ok()) << method << ": " << status.error_message();
    return last;
  }

  static bool Done(grpc::CompletionQueue& queue) {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  }

  static constexpr char kProblem[] = "problem { gemm { m: 256 n: 256 k: 256 } }";

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
  OldMessages messages_;
};

TEST_F(OldClientTest, LooksUpTunesAndLists) {
  const std::string tuning =
      Call("TuningService/CreateTuning", "CreateTuningRequest", kProblem, "Tuning");
  EXPECT_THAT(tuning, testing::HasSubstr("name: \"tunings/"));
  const std::string answer =
      Call("KernelService/GetKernel", "GetKernelRequest",
           std::string(kProblem) + " mode: LOOKUP_MODE_WAIT_TUNED", "GetKernelResponse");
  EXPECT_THAT(answer, testing::HasSubstr("match: MATCH_EXACT"));
  EXPECT_THAT(answer, testing::HasSubstr("launch_plan {"));
  EXPECT_THAT(Call("KernelService/BatchGetKernels", "BatchGetKernelsRequest",
                   std::string("requests { ") + kProblem + " }", "BatchGetKernelsResponse"),
              testing::HasSubstr("provenance: PROVENANCE_MEASURED"));
  EXPECT_THAT(Call("CacheService/ListWinners", "ListWinnersRequest", "", "ListWinnersResponse"),
              testing::HasSubstr("winners {"));
  EXPECT_THAT(
      Call("CacheService/ExplainWinner", "ExplainWinnerRequest", kProblem, "ExplainWinnerResponse"),
      testing::HasSubstr("candidates {"));
  EXPECT_THAT(Call("CacheService/GetCacheStats", "GetCacheStatsRequest", "", "CacheStats"),
              testing::HasSubstr("winners: 1"));
  EXPECT_THAT(Call("TuningService/ListDevices", "ListDevicesRequest", "", "ListDevicesResponse"),
              testing::HasSubstr("devices {"));
}

// It watches whole sweeps, which come once a second at most; the last one is final.
TEST_F(OldClientTest, SweepsToTheEnd) {
  const std::string name = "name: \"sweeps/old\"";
  Call("TuningService/CreateSweep", "CreateSweepRequest",
       std::string("sweep_id: \"old\" entries { label: \"one\" ") + kProblem +
           " } entries { label: \"two\" problem { gemm { m: 512 n: 256 k: 256 } } }",
       "Sweep");
  const std::string last = Call("TuningService/WatchSweep", "WatchSweepRequest", name, "Sweep");
  EXPECT_THAT(last, testing::HasSubstr("state: WORK_STATE_SUCCEEDED"));
  EXPECT_THAT(last, testing::HasSubstr("done: 2"));
}

TEST_F(OldClientTest, ExportsBundles) {
  ASSERT_TRUE(PutWinner({.problem = GemmProblemOf(256, 256, 256), .target = daemon_.TargetOf("")},
                        daemon_.store, daemon_.index)
                  .ok());
  EXPECT_THAT(Call("CacheService/ExportBundle", "ExportBundleRequest", "", "BundleChunk"),
              testing::HasSubstr("data: \"TWBUNDLE"));
}

}  // namespace
}  // namespace tilewright
