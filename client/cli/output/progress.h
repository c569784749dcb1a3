// The progress of a tuning or a sweep on stderr: one bar that is redrawn on a terminal; elsewhere a
// plain line for each phase of a tuning, or each problem of a sweep, and now and then between.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_PROGRESS_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_PROGRESS_H_

#include <ostream>
#include <string>

#include "client/cli/output/style.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// Label of views that count problems rather than candidates.
inline constexpr char kProblemsLabel[] = "problems";

struct ProgressView {
  std::string label;   // What is counted: "compiling", "problems".
  std::string detail;  // What is under way in it: "sq4096 timing". On terminals only.
  int done = 0;
  int total = 0;
  int failed = 0;
  double fraction = 0;      // Over everything, in [0, 1].
  double best_seconds = 0;  // Measured; 0: none yet.
  double elapsed_seconds = 0;
};

ProgressView ViewOf(const v1::Tuning& tuning, double elapsed_seconds);
ProgressView ViewOf(const v1::Sweep& sweep, double elapsed_seconds);

// Seconds to go by the pace so far; negative where it is too early to say.
double EstimateRemaining(const ProgressView& view);

// "[#####.....] 52% compiling 33/64  best 95.1 us  ETA 4 s", at most `style.width` - 1 columns.
std::string RenderBar(const ProgressView& view, const Style& style);
// "52% compiling 33/64, best 95.1 us, 4 s to go"
std::string RenderLine(const ProgressView& view, const Style& style);

// Draws views as they come. Not thread-safe.
class ProgressPrinter {
 public:
  ProgressPrinter(std::ostream& out, const Style& style) : out_(out), style_(style) {}
  ~ProgressPrinter() { Clear(); }

  // The share shown never falls, although a sweep's reports overlap at the end of a problem.
  void Show(ProgressView view);
  // Takes the bar off the terminal.
  void Clear();
  double ElapsedSeconds() const;

 private:
  std::ostream& out_;
  const Style style_;
  const SteadyTime start_ = SteadyTime::Now();
  SteadyTime last_line_ = start_;
  std::string last_step_;
  double shown_fraction_ = 0;
  bool drawn_ = false;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_PROGRESS_H_
