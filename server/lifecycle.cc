#include "server/lifecycle.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>
#include <thread>

#include "proto/support/steady_time.h"

namespace tilewright {
namespace {

// Calls under way may finish for this long; with what follows it stays below the 10 s after
// which container runtimes kill.
constexpr absl::Duration kGrace = absl::Seconds(4);
// Past this a stop hangs, and whoever waits for it is better served by an end.
constexpr absl::Duration kLongestStop = absl::Seconds(30);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// The signal that came within `wait`, or 0.
int AwaitSignal(absl::Duration wait) {
  const sigset_t signals = StopSignals();
  const timespec limit = absl::ToTimespec(wait);
  const int signal = sigtimedwait(&signals, nullptr, &limit);
  return signal > 0 ? signal : 0;
}

// Sees work by looking now and then, so that look-ups need not say when they happen.
class IdleWatch {
 public:
  IdleWatch(const DaemonServer& server, absl::Duration timeout)
      : server_(server), timeout_(timeout) {}

  bool Expired() {
    const int64_t activity = server_.Activity();
    const SteadyTime now = SteadyTime::Now();
    if (server_.Busy() || activity != activity_) {
      activity_ = activity;
      since_ = now;
    }
    return timeout_ > absl::ZeroDuration() && now - since_ >= timeout_;
  }

 private:
  const DaemonServer& server_;
  const absl::Duration timeout_;
  int64_t activity_ = 0;
  SteadyTime since_ = SteadyTime::Now();
};

[[noreturn]] void EndAtOnce(const std::string& socket, int exit_code) {
  unlink(socket.c_str());
  _exit(exit_code);
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void RunUntilStopped(DaemonServer& server, absl::Duration idle_timeout, const std::string& socket) {
  // Short timeouts are for tests; looking ten times in the timeout is exact enough.
  const absl::Duration look =
      idle_timeout > absl::ZeroDuration()
          ? std::clamp(idle_timeout / 10, absl::Milliseconds(20), absl::Seconds(1))
          : absl::Seconds(60);
  IdleWatch idle(server, idle_timeout);
  while (true) {
    if (const int signal = AwaitSignal(look)) {
      spdlog::info("stopping: {}", sigdescr_np(signal));
      break;
    }
    if (idle.Expired()) {
      spdlog::info("stopping: nothing to do for {}", absl::FormatDuration(idle_timeout));
      break;
    }
  }
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    server.Stop(kGrace);
    stopped = true;
  });
  const SteadyTime deadline = SteadyTime::Now() + kLongestStop;
  while (!stopped) {
    if (AwaitSignal(absl::Milliseconds(20)) != 0) {
      spdlog::warn("stopping at once: a second signal");
      EndAtOnce(socket, 130);
    }
    if (SteadyTime::Now() > deadline) {
      spdlog::error("the stop hangs: ending at once");
      EndAtOnce(socket, 1);
    }
  }
  stopper.join();
  spdlog::info("stopped");
}

}  // namespace tilewright
