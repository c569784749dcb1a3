#include "tuner/store/index/winner_index.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "proto/problem/problem.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/store/index/nearest_problem.h"
#include "tuner/store/index/winner_graph.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/template_winner.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// The matches of one problem, the best first.
enum Rank {
  kExact,
  kOtherEnvironment,
  kSimilarSilicon,
  kPredicted,  // Exact, but never run. Ranks after it likewise.
  kNoMatch = 2 * kPredicted,
};

v1::Match MatchOf(int rank) {
  switch (rank) {
    case kExact:
      return v1::MATCH_EXACT;
    case kOtherEnvironment:
      return v1::MATCH_OTHER_ENVIRONMENT;
    case kSimilarSilicon:
      return v1::MATCH_SIMILAR_SILICON;
    default:
      return v1::MATCH_PREDICTED;
  }
}

// A vendor's algorithm serves the problem and the silicon that it was timed on. Elsewhere, and for
// a pinned kernel, the template beside it serves.
IndexHit HitOf(const WinnerNode& node, v1::Match match, bool pinned) {
  IndexHit hit{node.Get(), match};
  const bool here = match == v1::MATCH_EXACT || match == v1::MATCH_OTHER_ENVIRONMENT;
  if (hit.winner == nullptr || !node.vendor || (here && !pinned)) return hit;
  auto served = TemplateWinner(*hit.winner);
  if (!served) return {};
  if (!WasMeasured(served->winner) && match != v1::MATCH_NEAREST_PROBLEM) {
    match = v1::MATCH_PREDICTED;
  }
  return {std::make_shared<const StoredWinner>(*std::move(served)), match};
}

// One look-up: the query, and its target among the stored ones.
class Lookup {
 public:
  Lookup(const WinnerGraph& graph, const IndexQuery& query)
      : graph_(graph),
        query_(query),
        silicon_(graph.FindSilicon(EncodeSilicon(query.silicon))),
        environment_(graph.FindEnvironment(EncodeEnvironment(query.environment))),
        newest_epoch_(query.pinned_epoch > 0 ? query.pinned_epoch
                                             : std::numeric_limits<int64_t>::max()) {
    if (graph.quarantined() > 0) {
      silicon_key_ = SiliconKey(query.silicon);
      problem_key_ = ProblemKey(query.problem);
    }
  }

  // Asks about the winner that the pin names, if there is a pin.
  bool IsDistrusted() const {
    const ProblemNode* problem = graph_.FindProblem(EncodeProblem(query_.problem));
    if (problem == nullptr) return false;
    for (const TargetNode* target = problem->targets.load(std::memory_order_acquire);
         target != nullptr; target = target->next) {
      if (target->silicon != silicon_ || target->environment != environment_) continue;
      const WinnerNode* winner = NewestUpTo(*target, newest_epoch_);
      return winner != nullptr && winner->signer != nullptr &&
             !winner->signer->trusted.load(std::memory_order_acquire);
    }
    return false;
  }

  IndexHit Find() {
    if (!query_.pinned_content_hash.empty()) {
      kernel_ = graph_.FindKernel(query_.pinned_content_hash);
      if (kernel_ == nullptr) return {};
    }
    const ProblemNode* problem = graph_.FindProblem(EncodeProblem(query_.problem));
    const IndexHit hit = problem == nullptr ? IndexHit() : OfProblem(*problem);
    return hit.winner != nullptr ? hit : Nearest();
  }

 private:
  // Returns the newest winner of `target` that the pins admit and that did not fail here.
  const WinnerNode* Admitted(const TargetNode& target) const {
    const WinnerNode* winner = NewestUpTo(target, newest_epoch_);
    while (winner != nullptr && !MayServe(*winner)) {
      winner = winner->older.load(std::memory_order_acquire);
    }
    return winner;
  }

  bool MayServe(const WinnerNode& winner) const {
    if (kernel_ != nullptr && winner.kernel != kernel_) return false;
    return winner.IsServed() &&
           (winner.kernel == nullptr || !winner.kernel->FailedOn(silicon_key_, problem_key_));
  }

  int RankOf(const WinnerNode& winner) const {
    const TargetNode& target = *winner.target;
    const int base = winner.measured ? kExact : kPredicted;
    if (target.silicon == silicon_) {
      return base + (target.environment == environment_ ? kExact : kOtherEnvironment);
    }
    const bool similar = target.silicon->compute_capability == query_.silicon.compute_capability();
    return similar && winner.kernel != nullptr ? base + kSimilarSilicon : int{kNoMatch};
  }

  IndexHit OfProblem(const ProblemNode& problem) const {
    const WinnerNode* best = nullptr;
    int best_rank = kNoMatch;
    for (const TargetNode* target = problem.targets.load(std::memory_order_acquire);
         target != nullptr; target = target->next) {
      const WinnerNode* winner = Admitted(*target);
      if (winner == nullptr) continue;
      const int rank = RankOf(*winner);
      if (rank < best_rank ||
          (rank == best_rank && best != nullptr && winner->epoch > best->epoch)) {
        best = winner;
        best_rank = rank;
      }
    }
    if (best == nullptr) return {};
    return HitOf(*best, MatchOf(best_rank), kernel_ != nullptr);
  }

  IndexHit Nearest() const {
    const ShapelessNode* shapeless = graph_.FindShapeless(ShapelessKey(query_.problem));
    if (shapeless == nullptr) return {};
    NearestSearch search({.problem = query_.problem,
                          .compute_capability = query_.silicon.compute_capability(),
                          .silicon = silicon_,
                          .silicon_key = silicon_key_,
                          .problem_key = problem_key_,
                          .environment = environment_,
                          .newest_epoch = newest_epoch_});
    const WinnerNode* nearest =
        kernel_ == nullptr ? search.AmongShapes(*shapeless) : search.OfKernel(*kernel_, *shapeless);
    if (nearest == nullptr) return {};
    return HitOf(*nearest, v1::MATCH_NEAREST_PROBLEM, kernel_ != nullptr);
  }

  const WinnerGraph& graph_;
  const IndexQuery& query_;
  const SiliconNode* const silicon_;
  const EnvironmentNode* const environment_;
  const int64_t newest_epoch_;
  std::string silicon_key_;  // Both are empty if no kernel is quarantined.
  std::string problem_key_;
  const KernelNode* kernel_ = nullptr;
};

}  // namespace

struct WinnerIndex::Impl {
  void NotePruned(const PrunedEpochs& entry) {
    graph.RaiseEpoch(entry.last);
    absl::MutexLock lock(&pruned_mutex);
    pruned[entry.winner_key] = entry;
    int64_t& first = pruned_shapeless.try_emplace(entry.shapeless_key, entry.first).first->second;
    first = std::min(first, entry.first);
  }

  WinnerGraph graph;
  // Only pinned look-ups read these.
  absl::Mutex pruned_mutex;
  absl::flat_hash_map<std::string, PrunedEpochs> pruned ABSL_GUARDED_BY(pruned_mutex);
  // The oldest removed epoch for problems that differ only in shape.
  absl::flat_hash_map<std::string, int64_t> pruned_shapeless ABSL_GUARDED_BY(pruned_mutex);
};

WinnerIndex::WinnerIndex() : impl_(std::make_unique<Impl>()) {}
WinnerIndex::~WinnerIndex() = default;

absl::Status WinnerIndex::Load(TuningStore& store) {
  RETURN_IF_ERROR(store.ForEachQuarantined(
      [&](const QuarantineEntry& entry) { impl_->graph.Quarantine(entry); }));
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> signers, store.Signers());
  for (const TrustedSigner& signer : signers) impl_->graph.SetTrusted(signer.signer, true);
  ASSIGN_OR_RETURN(const std::vector<PrunedEpochs> pruned, store.Pruned());
  for (const PrunedEpochs& entry : pruned) impl_->NotePruned(entry);
  return store.ForEachWinner([&](const PackedWinner& view) {
    if (!impl_->graph.Add(view, nullptr)) {
      spdlog::warn("the winner of epoch {} is damaged and left out", view.epoch);
    }
  });
}

void WinnerIndex::Insert(StoredWinner winner) {
  const auto parsed = std::make_shared<const StoredWinner>(WithoutBulk(std::move(winner)));
  const std::string packed = PackWinner(*parsed, 0);
  store::WinnerRecord holder;
  const auto view = ViewWinner(parsed->winner.epoch(), packed, &holder);
  if (view.ok()) impl_->graph.Add(*view, parsed);
}

void WinnerIndex::Quarantine(const QuarantineEntry& entry) { impl_->graph.Quarantine(entry); }

void WinnerIndex::Remove(const Removed& removed) {
  for (const PrunedEpochs& entry : removed.pruned) impl_->NotePruned(entry);
  impl_->graph.Remove(removed.epochs);
}

bool WinnerIndex::RemoveUnstored(const StoredWinner& winner) {
  return impl_->graph.RemoveUnstored(winner.problem_encoding, winner.silicon_key,
                                     winner.environment_key);
}

void WinnerIndex::Replace(StoredWinner winner) {
  impl_->graph.Remove({winner.winner.epoch()});
  Insert(std::move(winner));
}

void WinnerIndex::SetTrusted(std::string_view signer, bool trusted) {
  impl_->graph.SetTrusted(signer, trusted);
}

bool WinnerIndex::IsTrusted(std::string_view signer) const {
  return impl_->graph.IsTrusted(signer);
}

bool WinnerIndex::IsDistrusted(const IndexQuery& query) const {
  return Lookup(impl_->graph, query).IsDistrusted();
}

bool WinnerIndex::MayBePruned(const IndexQuery& query, const IndexHit& hit) const {
  if (query.pinned_epoch <= 0) return false;
  if (IsDistrusted(query)) return true;
  const bool exact = hit.winner != nullptr && hit.match == v1::MATCH_EXACT;
  const std::string key = WinnerKey(EncodeProblem(query.problem), SiliconKey(query.silicon),
                                    EnvironmentKey(query.environment));
  absl::MutexLock lock(&impl_->pruned_mutex);
  if (const auto found = impl_->pruned.find(key); found != impl_->pruned.end()) {
    // The removed epochs lie between these two. Some epochs between them may remain.
    const int64_t served = exact ? hit.winner->winner.epoch() : 0;
    return found->second.first <= query.pinned_epoch && served < found->second.last;
  }
  if (exact) return false;
  // The removed answer for another shape may have been nearer.
  const auto shapeless = impl_->pruned_shapeless.find(ShapelessKey(query.problem));
  return shapeless != impl_->pruned_shapeless.end() && shapeless->second <= query.pinned_epoch;
}

std::vector<int64_t> WinnerIndex::ServedEpochs() const {
  std::vector<int64_t> epochs;
  impl_->graph.targets().ForEach([&](const TargetNode* target) {
    const WinnerNode* winner = target->newest.load(std::memory_order_acquire);
    while (winner != nullptr && !winner->IsServed()) {
      winner = winner->older.load(std::memory_order_acquire);
    }
    if (winner != nullptr) epochs.push_back(winner->epoch);
  });
  return epochs;
}

void WinnerIndex::ForEachTarget(
    const std::function<void(const std::vector<std::shared_ptr<const StoredWinner>>&)>& visit)
    const {
  std::vector<std::shared_ptr<const StoredWinner>> winners;
  impl_->graph.targets().ForEach([&](const TargetNode* target) {
    winners.clear();
    for (const WinnerNode* node = target->newest.load(std::memory_order_acquire); node != nullptr;
         node = node->older.load(std::memory_order_acquire)) {
      if (node->removed.load(std::memory_order_acquire)) continue;
      if (auto winner = node->Peek()) winners.push_back(std::move(winner));
    }
    if (!winners.empty()) visit(winners);
  });
}

IndexHit WinnerIndex::Find(const IndexQuery& query) const {
  IndexHit hit = Lookup(impl_->graph, query).Find();
  return hit.winner != nullptr ? hit : IndexHit();
}

std::vector<std::shared_ptr<const StoredWinner>> WinnerIndex::List(std::size_t offset,
                                                                   std::size_t limit) const {
  // Copies and sorts epochs: each read of a winner would be a cache miss.
  struct Entry {
    int64_t epoch;
    const TargetNode* target;
  };
  std::vector<Entry> newest;
  newest.reserve(impl_->graph.targets().size());
  impl_->graph.targets().ForEach([&](const TargetNode* target) {
    const int64_t epoch = target->newest_epoch.load(std::memory_order_acquire);
    if (epoch != TargetNode::kNoWinner) newest.push_back({epoch, target});
  });
  const std::size_t begin = std::min(offset, newest.size());
  const std::size_t end = begin + std::min(limit, newest.size() - begin);
  const auto newer = [](const Entry& a, const Entry& b) { return a.epoch > b.epoch; };
  // Sorts only the page. The rest is only separated from it.
  const auto at = [&](std::size_t i) { return newest.begin() + static_cast<std::ptrdiff_t>(i); };
  if (begin < newest.size()) std::nth_element(at(0), at(begin), newest.end(), newer);
  std::partial_sort(at(begin), at(end), newest.end(), newer);
  std::vector<std::shared_ptr<const StoredWinner>> page;
  for (std::size_t i = begin; i < end; ++i) {
    // Takes the same winner that was sorted, even if it is removed by now. With an older one in its
    // place the next page would begin too late.
    const WinnerNode* winner = newest[i].target->newest.load(std::memory_order_acquire);
    while (winner != nullptr && winner->epoch != newest[i].epoch) {
      winner = winner->older.load(std::memory_order_acquire);
    }
    if (winner == nullptr) continue;
    if (auto stored = winner->Peek()) page.push_back(std::move(stored));
  }
  return page;
}

int64_t WinnerIndex::epoch() const { return impl_->graph.epoch(); }
int64_t WinnerIndex::version() const { return impl_->graph.version(); }
std::size_t WinnerIndex::size() const {
  return static_cast<std::size_t>(impl_->graph.live_targets());
}

}  // namespace tilewright
