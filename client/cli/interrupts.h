#ifndef TILEWRIGHT_CLIENT_CLI_INTERRUPTS_H_
#define TILEWRIGHT_CLIENT_CLI_INTERRUPTS_H_

#include <stop_token>

namespace tilewright::cli {

inline constexpr int kExitInterrupted = 130;

// Takes SIGINT and SIGTERM on a thread of its own, from now to the end of the process. Call once,
// from main, before any other thread is started: threads inherit the blocked mask.
void CatchInterrupts();

// While one exists, the first interrupt requests its stop rather than ending the process. The
// process ends all the same where the scope is there 2 s later, and at once at a second interrupt.
// At most one at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_INTERRUPTS_H_
