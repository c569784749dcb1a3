#include "client/cpp/reader_count.h"

#include <algorithm>
#include <thread>

namespace tilewright {
namespace {

// A look-up takes a tenth of a microsecond. Unless it is preempted, it has ended by then.
constexpr int kLooks = 100;

bool WasSeenEmpty(const std::atomic<uint32_t>& readers) {
  for (int look = 0; look < kLooks; ++look) {
    if (readers.load() == 0) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

bool ReaderCount::AllHaveLeft() const {
  return std::all_of(lines_.begin(), lines_.end(),
                     [](const Line& line) { return WasSeenEmpty(line.readers); });
}

size_t ReaderCount::LineOfThread() {
  static std::atomic<size_t> threads{0};
  static thread_local const size_t line = threads.fetch_add(1) % kLines;
  return line;
}

}  // namespace tilewright
