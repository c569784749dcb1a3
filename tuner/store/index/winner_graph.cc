#include "tuner/store/index/winner_graph.h"

#include <limits>
#include <unordered_set>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "absl/strings/string_view.h"
#include "tuner/store/index/nearest_problem.h"
#include "tuner/store/packed_winner.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

std::uint64_t HashOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

// Puts `winner` into the chain of `target`, newest first. Threads may bring winners in another
// order than the store numbered them.
void Link(WinnerNode* winner, TargetNode* target) {
  std::atomic<const WinnerNode*>* link = &target->newest;
  const WinnerNode* next = link->load(std::memory_order_relaxed);
  while (next != nullptr && next->epoch > winner->epoch) {
    link = &const_cast<WinnerNode*>(next)->older;
    next = link->load(std::memory_order_relaxed);
  }
  winner->older.store(next, std::memory_order_relaxed);
  link->store(winner, std::memory_order_release);
}

bool HasEpoch(const TargetNode& target, int64_t epoch) {
  for (const WinnerNode* winner = target.newest.load(std::memory_order_relaxed);
       winner != nullptr && winner->epoch >= epoch;
       winner = winner->older.load(std::memory_order_relaxed)) {
    if (winner->epoch == epoch && !winner->removed.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace

const ProblemNode* WinnerGraph::FindProblem(std::string_view encoding) const {
  return problems_.Find(HashOf(encoding),
                        [&](const ProblemNode& node) { return node.encoding == encoding; });
}

const ShapelessNode* WinnerGraph::FindShapeless(std::string_view shapeless_key) const {
  return shapeless_.Find(HashOf(shapeless_key),
                         [&](const ShapelessNode& node) { return node.key == shapeless_key; });
}

const KernelNode* WinnerGraph::FindKernel(std::string_view content_hash) const {
  return kernels_.Find(HashOf(content_hash),
                       [&](const KernelNode& node) { return node.content_hash == content_hash; });
}

const SiliconNode* WinnerGraph::FindSilicon(std::string_view encoding) const {
  return silicons_.Find(HashOf(encoding),
                        [&](const SiliconNode& node) { return node.encoding == encoding; });
}

const EnvironmentNode* WinnerGraph::FindEnvironment(std::string_view encoding) const {
  return environments_.Find(HashOf(encoding),
                            [&](const EnvironmentNode& node) { return node.encoding == encoding; });
}

bool WinnerGraph::Add(const PackedWinner& view, std::shared_ptr<const StoredWinner> parsed) {
  absl::MutexLock lock(&mutex_);
  if (!InternTarget(view, parsed.get())) return false;
  TargetNode* target = TargetFor(view);
  if (HasEpoch(*target, view.epoch)) return true;
  WinnerNode& winner = winner_nodes_.emplace_back();
  winner.epoch = view.epoch;
  winner.measured = view.measured;
  winner.vendor = view.vendor;
  winner.launchable = view.content_hash.empty() || IsArgumentsVersion(view.arguments_version);
  winner.target = target;
  winner.signer = SignerFor(view.signer);
  winner.packed = std::string(view.bytes);
  if (parsed != nullptr) {
    winner.parsed.store(new std::shared_ptr<const StoredWinner>(std::move(parsed)),
                        std::memory_order_relaxed);
  }
  KernelNode* kernel = view.content_hash.empty() ? nullptr : KernelFor(view.content_hash);
  if (kernel != nullptr) winner.requirements = RequirementsFor(view.requirements);
  winner.kernel = kernel;
  const bool is_first = target->newest.load(std::memory_order_relaxed) == nullptr;
  Link(&winner, target);
  NoteNewest(*target);
  if (kernel != nullptr) kernel->winners.Append(&winner);
  if (is_first) targets_.Append(target);
  RaiseEpoch(view.epoch);
  version_.fetch_add(1, std::memory_order_release);
  return true;
}

void WinnerGraph::NoteNewest(const TargetNode& target) {
  const WinnerNode* newest = NewestUpTo(target, std::numeric_limits<int64_t>::max());
  const int64_t before = target.newest_epoch.load(std::memory_order_relaxed);
  const int64_t epoch = newest == nullptr ? TargetNode::kNoWinner : newest->epoch;
  // Counted before it is listed, so a listing never has more than the count.
  const bool comes = before == TargetNode::kNoWinner && newest != nullptr;
  if (comes) live_targets_.fetch_add(1, std::memory_order_release);
  target.newest_epoch.store(epoch, std::memory_order_release);
  const bool goes = before != TargetNode::kNoWinner && newest == nullptr;
  if (goes) live_targets_.fetch_sub(1, std::memory_order_release);
}

void WinnerGraph::RaiseEpoch(int64_t epoch) {
  int64_t known = epoch_.load(std::memory_order_relaxed);
  while (known < epoch && !epoch_.compare_exchange_weak(known, epoch, std::memory_order_release)) {
  }
}

void WinnerGraph::Remove(const std::vector<int64_t>& epochs) {
  absl::MutexLock lock(&mutex_);
  const std::unordered_set<int64_t> gone(epochs.begin(), epochs.end());
  for (const WinnerNode& winner : winner_nodes_) {
    if (gone.count(winner.epoch) == 0 || winner.removed.load(std::memory_order_relaxed)) continue;
    winner.removed.store(true, std::memory_order_release);
    NoteNewest(*winner.target);
  }
  version_.fetch_add(1, std::memory_order_release);
}

bool WinnerGraph::RemoveUnstored(std::string_view problem_encoding, std::string_view silicon_key,
                                 std::string_view environment_key) {
  absl::MutexLock lock(&mutex_);
  const auto silicon = silicon_of_key_.find(ToAbsl(silicon_key));
  const auto environment = environment_of_key_.find(ToAbsl(environment_key));
  const ProblemNode* problem = FindProblem(problem_encoding);
  if (problem == nullptr || silicon == silicon_of_key_.end() ||
      environment == environment_of_key_.end()) {
    return false;
  }
  bool any = false;
  for (const TargetNode* target = problem->targets.load(std::memory_order_relaxed);
       target != nullptr; target = target->next) {
    if (target->silicon != silicon->second || target->environment != environment->second) continue;
    bool some = false;
    for (const WinnerNode* winner = target->newest.load(std::memory_order_relaxed);
         winner != nullptr; winner = winner->older.load(std::memory_order_relaxed)) {
      if (winner->epoch != 0 || winner->removed.load(std::memory_order_relaxed)) continue;
      winner->removed.store(true, std::memory_order_release);
      some = true;
    }
    if (some) NoteNewest(*target);
    any = any || some;
  }
  if (any) version_.fetch_add(1, std::memory_order_release);
  return any;
}

void WinnerGraph::SetTrusted(std::string_view signer, bool trusted) {
  absl::MutexLock lock(&mutex_);
  if (const SignerNode* node = SignerFor(signer)) {
    const_cast<SignerNode*>(node)->trusted.store(trusted, std::memory_order_release);
  }
  version_.fetch_add(1, std::memory_order_release);
}

bool WinnerGraph::IsTrusted(std::string_view signer) const {
  absl::MutexLock lock(&mutex_);
  for (const SignerNode& node : signer_nodes_) {
    if (node.signer == signer) return node.trusted.load(std::memory_order_acquire);
  }
  return false;
}

const SignerNode* WinnerGraph::SignerFor(std::string_view signer) {
  if (signer.empty()) return nullptr;
  for (const SignerNode& node : signer_nodes_) {
    if (node.signer == signer) return &node;
  }
  SignerNode& node = signer_nodes_.emplace_back();
  node.signer = std::string(signer);
  return &node;
}

void WinnerGraph::Quarantine(const QuarantineEntry& entry) {
  absl::MutexLock lock(&mutex_);
  KernelNode* kernel = KernelFor(entry.content_hash);
  if (kernel->FailedOn(entry.silicon_key, entry.problem_key)) return;
  QuarantineNode& node = quarantine_nodes_.emplace_back();
  node.silicon_key = std::string(entry.silicon_key);
  node.problem_key = std::string(entry.problem_key);
  node.next = kernel->quarantine.load(std::memory_order_relaxed);
  kernel->quarantine.store(&node, std::memory_order_release);
  quarantined_.fetch_add(1, std::memory_order_release);
  version_.fetch_add(1, std::memory_order_release);
}

// A new silicon or environment is rare. Only then is the winner parsed for its target.
bool WinnerGraph::InternTarget(const PackedWinner& view, const StoredWinner* parsed) {
  const bool known = silicon_of_key_.contains(ToAbsl(view.silicon_key)) &&
                     environment_of_key_.contains(ToAbsl(view.environment_key));
  if (known) return true;
  StoredWinner unpacked;
  if (parsed == nullptr) {
    auto winner = UnpackWinner(view.epoch, view.bytes);
    if (!winner.ok()) return false;
    unpacked = *std::move(winner);
    parsed = &unpacked;
  }
  const v1::Target& target = parsed->winner.target();
  const SiliconNode*& silicon = silicon_of_key_[ToAbsl(view.silicon_key)];
  if (silicon == nullptr) {
    SiliconNode& node = silicon_nodes_.emplace_back();
    node.encoding = EncodeSilicon(target.silicon());
    node.hash = HashOf(node.encoding);
    node.compute_capability = target.silicon().compute_capability();
    silicon = &node;
    // A key of an older encoding never counts as the same silicon, only as a similar one.
    if (SiliconKey(target.silicon()) == view.silicon_key) silicons_.Add(&node);
  }
  const EnvironmentNode*& environment = environment_of_key_[ToAbsl(view.environment_key)];
  if (environment == nullptr) {
    EnvironmentNode& node = environment_nodes_.emplace_back();
    node.encoding = EncodeEnvironment(target.environment());
    node.hash = HashOf(node.encoding);
    environment = &node;
    if (EnvironmentKey(target.environment()) == view.environment_key) environments_.Add(&node);
  }
  return true;
}

ShapelessNode* WinnerGraph::ShapelessFor(std::string_view key) {
  if (const ShapelessNode* known = FindShapeless(key)) return const_cast<ShapelessNode*>(known);
  ShapelessNode& node = shapeless_nodes_.emplace_back();
  node.hash = HashOf(key);
  node.key = std::string(key);
  shapeless_.Add(&node);
  return &node;
}

ProblemNode* WinnerGraph::ProblemFor(const PackedWinner& view) {
  if (const ProblemNode* known = FindProblem(view.problem_encoding)) {
    return const_cast<ProblemNode*>(known);
  }
  ShapelessNode* shapeless = ShapelessFor(view.shapeless_key);
  ProblemNode& node = problem_nodes_.emplace_back();
  node.hash = HashOf(view.problem_encoding);
  node.encoding = std::string(view.problem_encoding);
  node.shapeless = shapeless;
  node.logs = LogsOf({view.m, view.n, view.k, view.batch});
  problems_.Add(&node);
  shapeless->problems.Append({node.logs, &node});
  return &node;
}

TargetNode* WinnerGraph::TargetFor(const PackedWinner& view) {
  ProblemNode* problem = ProblemFor(view);
  const SiliconNode* silicon = silicon_of_key_[ToAbsl(view.silicon_key)];
  const EnvironmentNode* environment = environment_of_key_[ToAbsl(view.environment_key)];
  const TargetNode* first = problem->targets.load(std::memory_order_relaxed);
  for (const TargetNode* target = first; target != nullptr; target = target->next) {
    if (target->silicon == silicon && target->environment == environment) {
      return const_cast<TargetNode*>(target);
    }
  }
  TargetNode& node = target_nodes_.emplace_back();
  node.problem = problem;
  node.silicon = silicon;
  node.environment = environment;
  node.next = first;
  problem->targets.store(&node, std::memory_order_release);
  return &node;
}

KernelNode* WinnerGraph::KernelFor(std::string_view hash) {
  if (const KernelNode* known = FindKernel(hash)) return const_cast<KernelNode*>(known);
  KernelNode& node = kernel_nodes_.emplace_back();
  node.hash = HashOf(hash);
  node.content_hash = std::string(hash);
  kernels_.Add(&node);
  return &node;
}

const v1::Requirements* WinnerGraph::RequirementsFor(std::string_view bytes) {
  std::unique_ptr<const v1::Requirements>& known = requirements_[ToAbsl(bytes)];
  if (known == nullptr) {
    auto parsed = std::make_unique<v1::Requirements>();
    if (!parsed->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
    known = std::move(parsed);
  }
  return known.get();
}

}  // namespace tilewright
