#include "tuner/store/index/winner_nodes.h"

#include <utility>

#include "spdlog/spdlog.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

std::shared_ptr<const StoredWinner> Parse(std::int64_t epoch, const std::string& packed) {
  auto winner = UnpackWinner(epoch, packed);
  if (winner.ok()) return std::make_shared<const StoredWinner>(*std::move(winner));
  spdlog::warn("the winner of epoch {} is damaged and left out", epoch);
  return nullptr;
}

}  // namespace

WinnerNode::~WinnerNode() { delete parsed.load(std::memory_order_acquire); }

std::shared_ptr<const StoredWinner> WinnerNode::Get() const {
  const auto* known = parsed.load(std::memory_order_acquire);
  if (known != nullptr) return *known;
  // Two threads may both parse. The first one publishes; the other's result is dropped.
  auto fresh = std::make_unique<const std::shared_ptr<const StoredWinner>>(Parse(epoch, packed));
  if (parsed.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *known;
}

bool KernelNode::FailedOn(std::string_view silicon_key, std::string_view problem_key) const {
  for (const QuarantineNode* node = quarantine.load(std::memory_order_acquire); node != nullptr;
       node = node->next) {
    const bool holds = node->problem_key.empty() || node->problem_key == problem_key;
    if (holds && node->silicon_key == silicon_key) return true;
  }
  return false;
}

std::shared_ptr<const StoredWinner> WinnerNode::Peek() const {
  const auto* known = parsed.load(std::memory_order_acquire);
  return known != nullptr ? *known : Parse(epoch, packed);
}

}  // namespace tilewright
