#ifndef TILEWRIGHT_CLIENT_CPP_READER_COUNT_H_
#define TILEWRIGHT_CLIENT_CPP_READER_COUNT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tilewright {

// Counts the readers of a structure without a lock, so that a writer knows when it may free what it
// took out. Each thread counts in its own cache line, because one shared counter would cost each
// look-up a cache miss. Thread-safe.
//
// All operations here and on the links that readers follow are sequentially consistent. A reader
// counts itself, then follows links. The writer changes a link, then reads the counts. So either
// the writer sees the reader, or the reader sees the change.
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

    // Returns the number of this thread's line. Lines are given to threads in turn.
    size_t line() const { return line_; }

   private:
    const size_t line_;
    std::atomic<uint32_t>& readers_;
  };

  // Returns whether all readers from before this call have left. False if a line was never seen
  // empty: a reader was preempted, or threads of one line overlap all the time.
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
