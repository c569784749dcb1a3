#include "server/operation/caretaker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "proto/support/counted.h"

namespace tilewright {
namespace {

constexpr std::chrono::milliseconds kLook{1000};

}  // namespace

Caretaker::Caretaker(TuningStore& store, Tuner& tuner, std::chrono::milliseconds retry,
                     std::function<void()> on_lost)
    : store_(store),
      tuner_(tuner),
      retry_(absl::FromChrono(retry)),
      on_lost_(std::move(on_lost)),
      looking_("caretaker", std::min(kLook, retry), [this] { Look(); }) {}

Caretaker::~Caretaker() {
  looking_.Stop();
  if (tuner_.unstored() == 0) return;
  if (const absl::Status stored = tuner_.StoreUnstored(); !stored.ok()) {
    const auto lost = static_cast<int64_t>(tuner_.unstored());
    spdlog::error("{} could not be stored and {} lost: {}", Counted(lost, "winner"),
                  lost == 1 ? "is" : "are", std::string(stored.message()));
  }
}

void Caretaker::Look() {
  if (const absl::Status present = store_.CheckPresent(); !lost_ && !present.ok()) {
    lost_ = true;
    spdlog::error("{}", std::string(present.message()));
    if (on_lost_) on_lost_();
  }
  if (tuner_.unstored() > 0 && SteadyTime::Now() - retried_ >= retry_) {
    // The log said why when the winner was found.
    tuner_.StoreUnstored().IgnoreError();
    retried_ = SteadyTime::Now();
  }
}

}  // namespace tilewright
