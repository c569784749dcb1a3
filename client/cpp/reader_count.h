#ifndef TILEWRIGHT_CLIENT_CPP_READER_COUNT_H_
#define TILEWRIGHT_CLIENT_CPP_READER_COUNT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tilewright {

// Who reads a structure without a lock, so that a writer knows when what it took out can be
// freed. Threads count in lines of their own: one shared counter would cost each of them a cache
// miss a look-up. Thread-safe.
//
// Everything here and the links that readers follow is sequentially consistent. A reader counts
// itself, then follows links; the writer changes a link, then reads the counts: either the writer
// sees the reader or the reader sees the change.
class ReaderCount {
 public:
  class Scope {
   public:
    explicit Scope(ReaderCount& count)
        : line_(LineOfThread()), readers_(count.lines_[line_].readers) {
      readers_.fetch_add(1);
    }
    ~Scope() { readers_.fetch_sub(1); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // The number of this thread's line: threads have theirs in turn.
    size_t line() const { return line_; }

   private:
    const size_t line_;
    std::atomic<uint32_t>& readers_;
  };

  // Whether every reader of before this call has left. False where some line was never seen
  // empty: a preempted reader, or threads of one line that overlap all the time.
  bool AllHaveLeft() const;

 private:
  static constexpr size_t kLines = 64;
  struct alignas(64) Line {
    std::atomic<uint32_t> readers{0};
  };

  static size_t LineOfThread();

  std::array<Line, kLines> lines_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_READER_COUNT_H_
