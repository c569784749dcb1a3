#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_

#include <stop_token>

namespace tilewright::cli {

inline constexpr int kExitInterrupted = 130;

// Takes SIGINT and SIGTERM on a thread of its own, from now to the end of the process. Call once,
// from main, before any other thread is started: threads inherit the blocked mask.
void CatchInterrupts();

// From its construction to its end the first interrupt requests its stop rather than ending the
// process. The process ends all the same where the scope has not ended 3 s later, and at once at a
// second interrupt. So end it before results are written: that may take longer. At most one at a
// time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  std::stop_token token() const { return source_.get_token(); }

  // Ends the scope: the next interrupt ends the process at once. Whether there was one before. May
  // be called again.
  bool End();

 private:
  std::stop_source source_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_INTERRUPTS_H_
