// What WinnerIndex is made of. Nodes are made under its writer's lock, published by an atomic
// pointer and never freed before the index; fields without std::atomic do not change then.
#ifndef TILEWRIGHT_TUNER_STORE_INDEX_WINNER_NODES_H_
#define TILEWRIGHT_TUNER_STORE_INDEX_WINNER_NODES_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/index/append_only_list.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct ProblemNode;
struct TargetNode;

struct SiliconNode {
  std::uint64_t hash = 0;  // Of `encoding`.
  std::string encoding;
  int compute_capability = 0;
};

struct EnvironmentNode {
  std::uint64_t hash = 0;  // Of `encoding`.
  std::string encoding;
};

struct KernelNode;

// Who signed imported winners.
struct SignerNode {
  std::string signer;
  std::atomic<bool> trusted{false};
};

// One winner, of one epoch. What searches and listings read of every winner comes first and fills
// one cache line.
struct alignas(64) WinnerNode {
  WinnerNode() = default;
  ~WinnerNode();
  WinnerNode(const WinnerNode&) = delete;
  WinnerNode& operator=(const WinnerNode&) = delete;

  // The parsed winner, kept from the first call on; null where `packed` cannot be read.
  std::shared_ptr<const StoredWinner> Get() const;
  // The same, but not kept where nobody asked for it before: for listings.
  std::shared_ptr<const StoredWinner> Peek() const;

  // Whether it may be an answer at all: it is stored, its signer is trusted, and its kernel takes
  // arguments as this version lays them out.
  bool IsServed() const {
    return launchable && !removed.load(std::memory_order_acquire) &&
           (signer == nullptr || signer->trusted.load(std::memory_order_acquire));
  }

  std::int64_t epoch = 0;
  mutable std::atomic<bool> removed{false};  // From the store: it is no answer any more.
  bool measured = false;
  // False where the kernel takes its arguments as an older version laid them out, which the
  // launcher of this one refuses. It is kept, listed and exported, and no answer.
  bool launchable = true;
  bool vendor = false;
  const TargetNode* target = nullptr;
  // Of a vendor's winner: those of the template beside it, or null.
  const KernelNode* kernel = nullptr;
  const v1::Requirements* requirements = nullptr;
  const SignerNode* signer = nullptr;             // Of an import; null where it is not known.
  std::atomic<const WinnerNode*> older{nullptr};  // Of the same problem and target.
  mutable std::atomic<const std::shared_ptr<const StoredWinner>*> parsed{nullptr};
  std::string packed;
};

// All winners of one problem on one target, newest first.
struct TargetNode {
  static constexpr std::int64_t kNoWinner = -1;

  const ProblemNode* problem = nullptr;
  const SiliconNode* silicon = nullptr;
  const EnvironmentNode* environment = nullptr;
  const TargetNode* next = nullptr;  // Of the same problem.
  std::atomic<const WinnerNode*> newest{nullptr};
  // Of its newest winner that was not removed: a listing reads no winner but those of its page.
  mutable std::atomic<std::int64_t> newest_epoch{kNoWinner};
};

using ShapeLogs = std::array<float, 4>;  // log2 of m, n, k, batch.

struct ProblemOfShape {
  ShapeLogs logs{};
  const ProblemNode* problem = nullptr;
};

struct ShapelessNode {
  std::uint64_t hash = 0;  // Of `key`.
  std::string key;
  AppendOnlyList<ProblemOfShape> problems;
};

struct ProblemNode {
  std::uint64_t hash = 0;  // Of `encoding`.
  std::string encoding;
  const ShapelessNode* shapeless = nullptr;
  ShapeLogs logs{};
  std::atomic<const TargetNode*> targets{nullptr};
};

// A silicon that a kernel must not run on again, for one problem or, with an empty key, for all.
struct QuarantineNode {
  std::string silicon_key;
  std::string problem_key;
  const QuarantineNode* next = nullptr;  // Of the same kernel.
};

struct KernelNode {
  bool FailedOn(std::string_view silicon_key, std::string_view problem_key) const;

  std::uint64_t hash = 0;  // Of `content_hash`.
  std::string content_hash;
  std::atomic<const QuarantineNode*> quarantine{nullptr};
  AppendOnlyList<const WinnerNode*> winners;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_WINNER_NODES_H_
