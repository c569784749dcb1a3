#ifndef TILEWRIGHT_TUNER_STORE_INDEX_APPEND_ONLY_LIST_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_APPEND_ONLY_LIST_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace tilewright {

// A list that only grows. Readers take no lock and see every element that was appended before they
// began. Append must not run on two threads at once. Elements never move: chunk i has 2^i of them.
template <typename T>
class AppendOnlyList {
 public:
  void Append(T value) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    const std::size_t chunk = ChunkOf(index);
    if (chunks_[chunk] == nullptr) chunks_[chunk] = std::make_unique<T[]>(std::size_t{1} << chunk);
    chunks_[chunk][index + 1 - (std::size_t{1} << chunk)] = std::move(value);
    size_.store(index + 1, std::memory_order_release);
  }

  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  template <typename Visit>
  void ForEach(Visit visit) const {
    std::size_t left = size();
    for (std::size_t chunk = 0; left > 0; ++chunk) {
      const std::size_t count = std::min(left, std::size_t{1} << chunk);
      const T* elements = chunks_[chunk].get();
      for (std::size_t i = 0; i < count; ++i) visit(elements[i]);
      left -= count;
    }
  }

 private:
  static std::size_t ChunkOf(std::size_t index) { return std::bit_width(index + 1) - 1; }

  std::atomic<std::size_t> size_{0};
  // A chunk is written before the size_ that covers it, so readers need no lock.
  std::array<std::unique_ptr<T[]>, 48> chunks_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_APPEND_ONLY_LIST_H_
