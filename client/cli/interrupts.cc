#include "client/cli/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <thread>

namespace tilewright::cli {
namespace {

struct State {
  std::mutex mutex;
  std::stop_source* scope = nullptr;  // Guarded by mutex.
};

State& TheState() {
  static auto& state = *new State;
  return state;
}

// True where the interrupt was handed to a scope that had not been stopped before.
bool HandToScope() {
  std::stop_source source(std::nostopstate);
  {
    std::lock_guard lock(TheState().mutex);
    if (TheState().scope != nullptr) source = *TheState().scope;
  }
  return source.stop_possible() && source.request_stop();
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
      if (sigwait(&signals, &signal) != 0) continue;
      if (!HandToScope()) _exit(kExitInterrupted);
    }
  }).detach();
}

InterruptScope::InterruptScope() {
  std::lock_guard lock(TheState().mutex);
  TheState().scope = &source_;
}

InterruptScope::~InterruptScope() {
  std::lock_guard lock(TheState().mutex);
  TheState().scope = nullptr;
}

}  // namespace tilewright::cli
