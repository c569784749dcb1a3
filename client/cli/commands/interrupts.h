#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_

#include <stop_token>

namespace tilewright::cli {

inline constexpr int kExitInterrupted = 130;

// Handles SIGINT and SIGTERM on a thread of its own, until the process ends. Call it once, from
// main, before any other thread starts: threads inherit the blocked mask.
void CatchInterrupts();

// While a scope exists, the first interrupt requests its stop and does not end the process. But the
// process ends if the scope has not ended 3 s later, and at once at a second interrupt. So end the
// scope before you write results, which may take longer. There is at most one scope at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  std::stop_token token() const { return source_.get_token(); }

  // Ends the scope: the next interrupt ends the process at once. Returns whether there was one
  // before. May be called again.
  bool End();

 private:
  std::stop_source source_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_
