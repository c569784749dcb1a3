// The parts of WinnerIndex. Nodes are made under its writer's lock, published by an atomic pointer,
// and live as long as the index. After that, fields without std::atomic do not change.
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
  std::uint64_t hash = 0;  // The hash of `encoding`.
  std::string encoding;
  int compute_capability = 0;
};

struct EnvironmentNode {
  std::uint64_t hash = 0;  // The hash of `encoding`.
  std::string encoding;
};

struct KernelNode;

// The signer of imported winners.
struct SignerNode {
  std::string signer;
  std::atomic<bool> trusted{false};
};

// One winner, with one epoch. The fields that searches and listings read for every winner come
// first and fill one cache line.
struct alignas(64) WinnerNode {
  WinnerNode() = default;
  ~WinnerNode();
  WinnerNode(const WinnerNode&) = delete;
  WinnerNode& operator=(const WinnerNode&) = delete;

  // Returns the parsed winner and keeps it from the first call on; null if `packed` cannot be read.
  std::shared_ptr<const StoredWinner> Get() const;
  // Returns the same, but does not keep a winner that nobody asked for before. For listings.
  std::shared_ptr<const StoredWinner> Peek() const;

  // Returns whether it may be an answer: it is stored, its signer is trusted, and its kernel takes
  // the arguments of this version.
  bool IsServed() const {
    return launchable && !removed.load(std::memory_order_acquire) &&
           (signer == nullptr || signer->trusted.load(std::memory_order_acquire));
  }

  std::int64_t epoch = 0;
  mutable std::atomic<bool> removed{false};  // The store removed it: it is no answer.
  bool measured = false;
  // False if the kernel takes the arguments of an older version, which this version's launcher
  // refuses. The winner is kept, listed and exported, but is no answer.
  bool launchable = true;
  bool vendor = false;
  const TargetNode* target = nullptr;
  // For a vendor's winner: the kernel of the template beside it, or null.
  const KernelNode* kernel = nullptr;
  const v1::Requirements* requirements = nullptr;
  const SignerNode* signer = nullptr;             // For imports; null if it is not known.
  std::atomic<const WinnerNode*> older{nullptr};  // For the same problem and target.
  mutable std::atomic<const std::shared_ptr<const StoredWinner>*> parsed{nullptr};
  std::string packed;
};

// All winners of one problem on one target, newest first.
struct TargetNode {
  static constexpr std::int64_t kNoWinner = -1;

  const ProblemNode* problem = nullptr;
  const SiliconNode* silicon = nullptr;
  const EnvironmentNode* environment = nullptr;
  const TargetNode* next = nullptr;  // For the same problem.
  std::atomic<const WinnerNode*> newest{nullptr};
  // The epoch of the newest winner that was not removed. So a listing reads only its own page.
  mutable std::atomic<std::int64_t> newest_epoch{kNoWinner};
};

using ShapeLogs = std::array<float, 4>;  // log2 of m, n, k, batch.

struct ProblemOfShape {
  ShapeLogs logs{};
  const ProblemNode* problem = nullptr;
};

struct ShapelessNode {
  std::uint64_t hash = 0;  // The hash of `key`.
  std::string key;
  AppendOnlyList<ProblemOfShape> problems;
};

struct ProblemNode {
  std::uint64_t hash = 0;  // The hash of `encoding`.
  std::string encoding;
  const ShapelessNode* shapeless = nullptr;
  ShapeLogs logs{};
  std::atomic<const TargetNode*> targets{nullptr};
};

// A silicon where a kernel must not run again, for one problem or, if the key is empty, for all.
struct QuarantineNode {
  std::string silicon_key;
  std::string problem_key;
  const QuarantineNode* next = nullptr;  // For the same kernel.
};

struct KernelNode {
  bool FailedOn(std::string_view silicon_key, std::string_view problem_key) const;

  std::uint64_t hash = 0;  // The hash of `content_hash`.
  std::string content_hash;
  std::atomic<const QuarantineNode*> quarantine{nullptr};
  AppendOnlyList<const WinnerNode*> winners;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_INDEX_WINNER_NODES_H_
