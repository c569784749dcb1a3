#ifndef TILEWRIGHT_TUNER_STORE_INDEX_PUBLISHED_TABLE_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_PUBLISHED_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tilewright {

// A hash table of pointers to nodes that are added and never removed. Find takes no lock and never
// waits. Add must not run on two threads at once. A node has a field `hash` and is owned elsewhere.
// Old, smaller tables are kept until the end, because readers may use them. In total they are
// smaller than the last one.
template <typename Node>
class PublishedTable {
 public:
  PublishedTable() { Publish(kFirstCells); }

  // Returns the node with this hash for which `equal` holds, or null.
  template <typename Equal>
  Node* Find(std::uint64_t hash, Equal equal) const {
    const Table& table = *current_.load(std::memory_order_acquire);
    for (std::size_t i = hash & table.mask;; i = (i + 1) & table.mask) {
      Node* node = table.cells[i].load(std::memory_order_acquire);
      if (node == nullptr || (node->hash == hash && equal(*node))) return node;
    }
  }

  void Add(Node* node) {
    const Table* table = tables_.back().get();
    // At most half full, so a miss ends after a cell or two.
    if (2 * (nodes_.size() + 1) > table->mask + 1) {
      nodes_.push_back(node);
      Publish(2 * (table->mask + 1));
      return;
    }
    nodes_.push_back(node);
    Place(*table, node);
  }

 private:
  static constexpr std::size_t kFirstCells = 64;

  struct Table {
    explicit Table(std::size_t cell_count)
        : mask(cell_count - 1), cells(new std::atomic<Node*>[cell_count]()) {}
    const std::size_t mask;
    const std::unique_ptr<std::atomic<Node*>[]> cells;
  };

  static void Place(const Table& table, Node* node) {
    std::size_t i = node->hash & table.mask;
    while (table.cells[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & table.mask;
    table.cells[i].store(node, std::memory_order_release);
  }

  void Publish(std::size_t cell_count) {
    auto table = std::make_unique<Table>(cell_count);
    for (Node* node : nodes_) Place(*table, node);
    current_.store(table.get(), std::memory_order_release);
    tables_.push_back(std::move(table));
  }

  std::atomic<const Table*> current_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<Node*> nodes_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_PUBLISHED_TABLE_H_
