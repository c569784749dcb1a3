#include "server/lookup/response_cache.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "server/lookup/kernel_cache.h"
#include "server/lookup/lookup.h"

namespace tilewright {
namespace {

grpc::ByteBuffer BufferOf(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

std::string TextOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

TEST(ResponseCache, AnswersTheSameBytesInTheSameEpoch) {
  ResponseCache cache;
  grpc::ByteBuffer response;
  EXPECT_FALSE(cache.Find("a", 1, &response));
  cache.Put("a", 1, BufferOf("answer"));
  ASSERT_TRUE(cache.Find("a", 1, &response));
  EXPECT_EQ(TextOf(response), "answer");
  EXPECT_FALSE(cache.Find("b", 1, &response));
  EXPECT_FALSE(cache.Find("a", 2, &response)) << "a winner was stored since";
}

TEST(ResponseCache, NewerAnswerReplacesOlder) {
  ResponseCache cache;
  cache.Put("a", 1, BufferOf("old"));
  cache.Put("a", 2, BufferOf("new"));
  grpc::ByteBuffer response;
  ASSERT_TRUE(cache.Find("a", 2, &response));
  EXPECT_EQ(TextOf(response), "new");
}

TEST(ResponseCache, KeepsWhatIsAskedForWhileOthersComeAndGo) {
  ResponseCache cache;
  cache.Put("asked for", 1, BufferOf("kept"));
  cache.Put("forgotten", 1, BufferOf("dropped"));
  grpc::ByteBuffer response;
  for (int i = 0; i < 20000; ++i) {
    cache.Put("other " + std::to_string(i), 1, BufferOf("x"));
    ASSERT_TRUE(cache.Find("asked for", 1, &response)) << i;
  }
  EXPECT_FALSE(cache.Find("forgotten", 1, &response)) << "it must be bounded";
}

TEST(ResponseCache, LongRequestsAreNotKept) {
  ResponseCache cache;
  const std::string request(100000, 'r');
  cache.Put(request, 1, BufferOf("x"));
  grpc::ByteBuffer response;
  EXPECT_FALSE(cache.Find(request, 1, &response));
}

TEST(ResponseCache, ManyThreads) {
  ResponseCache cache;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache] {
      for (int i = 0; i < 5000; ++i) {
        const std::string request = std::to_string(i % 700);
        grpc::ByteBuffer response;
        if (cache.Find(request, 1, &response)) {
          ASSERT_EQ(TextOf(response), request);
        } else {
          cache.Put(request, 1, BufferOf(request));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

v1::Kernel KernelOf(std::size_t bytes) {
  v1::Kernel kernel;
  kernel.set_content_hash(std::string(32, 'h'));
  kernel.set_cubin(std::string(bytes, 'c'));
  kernel.set_architecture("sm_90a");
  return kernel;
}

StoredWinner WinnerOf(const std::string& key, int64_t epoch) {
  StoredWinner winner;
  winner.winner.set_key(key);
  winner.winner.set_epoch(epoch);
  return winner;
}

TEST(KernelCache, IsBoundedInBytes) {
  KernelCache cache(100000);
  for (int i = 0; i < 10; ++i) {
    cache.Put(WinnerOf(std::to_string(i), 1),
              std::make_shared<const WireKernel>(ToWire(KernelOf(30000))));
    EXPECT_NE(cache.Find(WinnerOf("0", 1)), nullptr) << "asked for lately, after " << i;
  }
  EXPECT_NE(cache.Find(WinnerOf("9", 1)), nullptr);
  EXPECT_EQ(cache.Find(WinnerOf("5", 1)), nullptr);
}

TEST(KernelCache, ANewWinnerOfTheSameProblemIsAnotherKernel) {
  KernelCache cache(100000);
  cache.Put(WinnerOf("a", 1), std::make_shared<const WireKernel>(ToWire(KernelOf(10))));
  EXPECT_EQ(cache.Find(WinnerOf("a", 2)), nullptr);
}

TEST(LookupAnswer, BytesAndMessageAreTheSame) {
  LookupAnswer answer;
  answer.head.set_match(v1::MATCH_EXACT);
  answer.head.set_epoch(7);
  answer.kernel = std::make_shared<const WireKernel>(ToWire(KernelOf(1000)));
  v1::GetKernelResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(TextOf(answer.ToBytes())));
  EXPECT_EQ(parsed.kernel().cubin().size(), 1000u);
  EXPECT_EQ(parsed.epoch(), 7);
  EXPECT_EQ(parsed.SerializeAsString(), answer.ToMessage().SerializeAsString());
  answer.include_cubin = false;
  ASSERT_TRUE(parsed.ParseFromString(TextOf(answer.ToBytes())));
  EXPECT_TRUE(parsed.kernel().cubin().empty());
  EXPECT_EQ(parsed.kernel().architecture(), "sm_90a");
  EXPECT_EQ(parsed.kernel().content_hash().size(), 32u);
}

}  // namespace
}  // namespace tilewright
