#include "client/cpp/owner_process.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>

#include "proto/support/errors.h"

namespace tilewright {
namespace {

// A page that the kernel hands to every child empty, however it was forked. Null before Linux
// 4.14, which does not know that.
std::atomic<uint64_t>* MakePage() {
  const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (madvise(page, size, MADV_WIPEONFORK) != 0) {
    munmap(page, size);
    return nullptr;
  }
  return new (page) std::atomic<uint64_t>(0);
}

uint64_t NewNumber() {
  uint64_t number = 0;
  // Never fails for so few bytes once the machine has started; the process id is the next best.
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    number = static_cast<uint64_t>(getpid());
  }
  return number | 1;  // Never the 0 of an empty page.
}

}  // namespace

uint64_t ThisProcess() {
  static std::atomic<uint64_t>* const page = MakePage();
  if (page == nullptr) return static_cast<uint64_t>(getpid());
  uint64_t number = page->load(std::memory_order_relaxed);
  if (number != 0) return number;
  const uint64_t made = NewNumber();
  return page->compare_exchange_strong(number, made) ? made : number;
}

absl::Status ForkedError() {
  return MakeError(absl::StatusCode::kFailedPrecondition, "FORKED",
                   "this client belongs to the process that forked this one: connect anew here");
}

}  // namespace tilewright
