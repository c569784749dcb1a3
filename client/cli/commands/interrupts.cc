#include "client/cli/commands/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <ctime>
#include <mutex>
#include <string_view>
#include <thread>

#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright::cli {
namespace {

struct State {
  std::mutex mutex;
  // Guarded by mutex:
  std::stop_source* scope = nullptr;
  int begun = 0;  // The number of scopes so far, to tell one from the next.
};

State& TheState() {
  static auto& state = *new State;
  return state;
}

// How long a scope may take to end after its interrupt. The client's own calls that tell a daemon
// of it take up to 1.5 s. A person takes a longer wait for a hang.
constexpr absl::Duration kWindDown = absl::Seconds(3);
// The cause is unknown here: the daemon may be frozen, or the reader of the progress.
constexpr std::string_view kUnconfirmed =
    "tilewright: interrupted; the command did not end within 3 s, and tilewrightd may go on with "
    "the work\n";

bool InScope(int number) {
  std::lock_guard lock(TheState().mutex);
  return TheState().scope != nullptr && TheState().begun == number;
}

[[noreturn]] void EndAtOnce() { _exit(kExitInterrupted); }

// Waits until the scope that was told of an interrupt ends. Ends the process if the scope takes too
// long, perhaps because of a frozen daemon, or if another signal comes. Returns true if that signal
// came after the end of the scope: then it was not for this scope.
bool AwaitEndOfScope(int number, const sigset_t& signals) {
  constexpr timespec kLook{0, 20'000'000};
  const SteadyTime give_up = SteadyTime::Now() + kWindDown;
  while (InScope(number)) {
    if (sigtimedwait(&signals, nullptr, &kLook) > 0) {
      if (InScope(number)) EndAtOnce();
      return true;
    }
    if (SteadyTime::Now() < give_up) continue;
    // If this fails, nothing can be done.
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, kUnconfirmed.data(), kUnconfirmed.size());
    EndAtOnce();
  }
  return false;
}

// Stops the current scope. Returns its number, or 0 if there is none or it was stopped before.
// Holds the lock all the time, so that InterruptScope::End knows of every interrupt.
int HandToScope() {
  std::lock_guard lock(TheState().mutex);
  const bool handed = TheState().scope != nullptr && TheState().scope->request_stop();
  return handed ? TheState().begun : 0;
}

}  // namespace

void CatchInterrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    for (;;) {
      int signal = 0;
      bool interrupted = sigwait(&signals, &signal) == 0;
      while (interrupted) {
        const int number = HandToScope();
        if (number == 0) EndAtOnce();
        interrupted = AwaitEndOfScope(number, signals);
      }
    }
  }).detach();
}

InterruptScope::InterruptScope() {
  std::lock_guard lock(TheState().mutex);
  TheState().scope = &source_;
  ++TheState().begun;
}

InterruptScope::~InterruptScope() { End(); }

bool InterruptScope::End() {
  std::lock_guard lock(TheState().mutex);
  if (TheState().scope == &source_) TheState().scope = nullptr;
  return source_.stop_requested();
}

}  // namespace tilewright::cli
