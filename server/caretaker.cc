#include "server/caretaker.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tilewright {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLook{1000};

}  // namespace

Caretaker::Caretaker(TuningStore& store, Tuner& tuner, std::chrono::milliseconds retry,
                     std::function<void()> on_lost)
    : store_(store), tuner_(tuner), retry_(retry), on_lost_(std::move(on_lost)) {
  thread_ = std::thread([this] { Run(); });
}

Caretaker::~Caretaker() { Stop(); }

void Caretaker::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
  if (tuner_.unstored() == 0) return;
  if (const absl::Status stored = tuner_.StoreUnstored(); !stored.ok()) {
    spdlog::error("{} winners are lost, which could not be stored: {}", tuner_.unstored(),
                  std::string(stored.message()));
  }
}

void Caretaker::Run() {
  pthread_setname_np(pthread_self(), "caretaker");
  bool lost = false;
  SteadyClock::time_point retried = SteadyClock::now();
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::min(kLook, retry_), [this] { return stopping_; })) {
    lock.unlock();
    if (const absl::Status present = store_.CheckPresent(); !lost && !present.ok()) {
      lost = true;
      spdlog::error("{}", std::string(present.message()));
      if (on_lost_) on_lost_();
    }
    if (tuner_.unstored() > 0 && SteadyClock::now() - retried >= retry_) {
      // Why not was said when the winner was found.
      tuner_.StoreUnstored().IgnoreError();
      retried = SteadyClock::now();
    }
    lock.lock();
  }
}

}  // namespace tilewright
