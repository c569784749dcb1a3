#include "server/lifecycle.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright {
namespace {

// Calls under way may finish for this long. With all that follows, a stop takes less than the 10 s
// after which container runtimes kill.
constexpr absl::Duration kGrace = absl::Seconds(4);
// A stop that takes longer hangs. The process ends at once instead.
constexpr absl::Duration kLongestStop = absl::Seconds(30);
// A client on a busy machine may load libraries between its connection and its first call. Such a
// connection counts as work for this long, or less if the idle timeout is short.
constexpr absl::Duration kFirstCallWithin = absl::Seconds(30);

sigset_t AwaitedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// Returns the signal that came within `wait`, or 0.
int AwaitSignal(absl::Duration wait) {
  const sigset_t signals = AwaitedSignals();
  const timespec limit = absl::ToTimespec(wait);
  const int signal = sigtimedwait(&signals, nullptr, &limit);
  return signal > 0 ? signal : 0;
}

// Detects work by polling, so that look-ups need not report it.
class IdleWatch {
 public:
  explicit IdleWatch(const DaemonServer& server) : server_(server) {}

  bool Expired(absl::Duration timeout) {
    const int64_t activity = server_.Activity();
    const SteadyTime now = SteadyTime::Now();
    const absl::Duration first_call = std::min(10 * timeout, kFirstCallWithin);
    if (server_.Busy() || server_.HasConnectionYounger(first_call) || activity != activity_) {
      activity_ = activity;
      since_ = now;
    }
    return timeout > absl::ZeroDuration() && now - since_ >= timeout;
  }

 private:
  const DaemonServer& server_;
  int64_t activity_ = 0;
  SteadyTime since_ = SteadyTime::Now();
};

// Returns whether `server` was idle for `timeout`. If so, it accepts no more connections: a client
// that is let in now would make its first call during the stop.
bool StopsForIdleness(DaemonServer& server, IdleWatch& idle, absl::Duration timeout) {
  if (!idle.Expired(timeout)) return false;
  server.PauseAccepting();
  if (idle.Expired(timeout)) return true;
  server.ResumeAccepting();  // Somebody connected at the last moment.
  return false;
}

[[noreturn]] void EndAtOnce(const std::string& socket, int exit_code) {
  unlink(socket.c_str());
  _exit(exit_code);
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = AwaitedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (const int number :
       {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXFSZ}) {
    std::signal(number, SIG_IGN);
  }
}

void RunUntilStopped(DaemonServer& server, Reloader& reloader) {
  const std::string socket = reloader.config().socket;
  IdleWatch idle(server);
  bool was_told = false;
  while (true) {
    const absl::Duration idle_timeout = reloader.config().idle_timeout;
    // Only tests use short timeouts. Ten checks in each timeout are exact enough.
    const absl::Duration look =
        idle_timeout > absl::ZeroDuration()
            ? std::clamp(idle_timeout / 10, absl::Milliseconds(20), absl::Seconds(1))
            : absl::Seconds(60);
    if (const int signal = AwaitSignal(look)) {
      if (signal == SIGHUP) {
        reloader.Reload();
        continue;
      }
      spdlog::info("stopping: {}", sigdescr_np(signal));
      was_told = true;
      break;
    }
    if (StopsForIdleness(server, idle, idle_timeout)) {
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
    const int signal = AwaitSignal(absl::Milliseconds(20));
    if (signal != 0 && signal != SIGHUP && std::exchange(was_told, true)) {
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
