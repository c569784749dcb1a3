#include "server/operation/heap.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

TEST(KeepFreedMemory, AnAnswersMemoryStaysForTheNextOne) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer has an allocator of its own";
#endif
  KeepFreedMemory();
  // The pointer is volatile so that the compiler leaves the pair of calls in.
  void* volatile answer = std::malloc(1 << 20);
  std::memset(answer, 1, 1 << 20);
  const void* const end = sbrk(0);
  EXPECT_LT(static_cast<void*>(answer), end) << "it has a mapping of its own";
  std::free(answer);
  EXPECT_EQ(sbrk(0), end);
}

}  // namespace
}  // namespace tilewright
