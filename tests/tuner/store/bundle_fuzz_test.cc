// Bundles from nobody: random changes of good ones, whose signature then does not hold. ReadBundle
// has to refuse, and may not crash, hang or take memory. tests/fuzz has those that are signed
// again.
#include <chrono>
#include <string>

#include "gtest/gtest.h"
#include "tests/fuzz/mutator.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/bundle/bundle.h"

namespace tilewright {
namespace {

constexpr auto kTime = std::chrono::seconds(3);

TEST(BundleFuzzTest, RandomChangesNeverPassAndNeverCrash) {
  BundleContents contents;
  contents.records = {MakeRecord({})};
  contents.cubins = {"cubin"};
  const std::string whole = WriteBundle(contents, std::string(32, 'k')).value();
  Mutator mutator(1);
  const auto end = std::chrono::steady_clock::now() + kTime;
  int rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    const std::string bundle = mutator.MutateBytes(whole);
    ASSERT_TRUE(bundle == whole || !ReadBundle(bundle).ok()) << "round " << rounds;
  }
  EXPECT_GT(rounds, 100);
}

}  // namespace
}  // namespace tilewright
