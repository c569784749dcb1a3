#include "client/cpp/owner_process.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>

#include "proto/support/errors.h"

namespace tilewright {
namespace {

// The word lies on a page that the kernel empties in every child, however it was forked. Linux
// before 4.14 cannot do that; there a handler of fork() empties the word.
std::atomic<uint64_t>& MakeWord() {
  const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) {
    if (madvise(page, size, MADV_WIPEONFORK) == 0) return *new (page) std::atomic<uint64_t>(0);
    munmap(page, size);
  }
  static std::atomic<uint64_t> word{0};
  pthread_atfork(nullptr, nullptr, [] { word.store(0); });
  return word;
}

std::atomic<uint64_t>& Word() {
  static std::atomic<uint64_t>& word = MakeWord();
  return word;
}

uint64_t NewNumber() {
  uint64_t number = 0;
  // Never fails for so few bytes after the machine's start. The process id is the next best.
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    number = static_cast<uint64_t>(getpid());
  }
  return number | 1;  // Never the 0 of an empty page.
}

}  // namespace

const std::atomic<uint64_t>& ThisProcessWord() { return Word(); }

uint64_t ThisProcess() {
  uint64_t number = Word().load(std::memory_order_relaxed);
  if (number != 0) return number;
  const uint64_t made = NewNumber();
  return Word().compare_exchange_strong(number, made) ? made : number;
}

absl::Status ForkedError() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "FORKED",
      "this client belongs to the parent of this forked process: connect again in this process");
}

}  // namespace tilewright
