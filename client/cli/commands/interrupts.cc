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
  int begun = 0;  // Scopes so far, so that one is not taken for the next.
};

State& TheState() {
  static auto& state = *new State;
  return state;
}

// How long a scope may take to end in order after its interrupt: more than the client's own calls
// take that tell a daemon of it (1.5 s), and no more than a person takes for a hang.
constexpr absl::Duration kWindDown = absl::Seconds(3);
// What held the scope up is not known here: a daemon that is frozen, or a reader of the progress.
constexpr std::string_view kUnconfirmed =
    "tilewright: interrupted; the command did not come to an end within 3 s, and tilewrightd may "
    "go on with the work\n";

bool InScope(int number) {
  std::lock_guard lock(TheState().mutex);
  return TheState().scope != nullptr && TheState().begun == number;
}

[[noreturn]] void EndAtOnce() { _exit(kExitInterrupted); }

// Waits for the scope that was told of an interrupt, and ends the process where that waits itself,
// for a daemon that is frozen perhaps, or where another signal comes. True where that signal came
// after the scope had ended: it was not for this scope.
bool AwaitEndOfScope(int number, const sigset_t& signals) {
  constexpr timespec kLook{0, 20'000'000};
  const SteadyTime give_up = SteadyTime::Now() + kWindDown;
  while (InScope(number)) {
    if (sigtimedwait(&signals, nullptr, &kLook) > 0) {
      if (InScope(number)) EndAtOnce();
      return true;
    }
    if (SteadyTime::Now() < give_up) continue;
    // Nothing can be done where that fails.
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, kUnconfirmed.data(), kUnconfirmed.size());
    EndAtOnce();
  }
  return false;
}

// The number of the scope that the interrupt was handed to; 0 where there is none that had not been
// stopped before. All of it under the lock, so that InterruptScope::End knows of every interrupt
// that a scope was handed.
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
