// Shows the progress of a tuning or a sweep on stderr. A terminal gets one bar that is redrawn.
// Other outputs get a line for each phase of a tuning or problem of a sweep, and some between.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_PROGRESS_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_PROGRESS_H_

#include <ostream>
#include <string>

#include "client/cli/output/style.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// The label of views that count problems, not candidates.
inline constexpr char kProblemsLabel[] = "problems";

struct ProgressView {
  std::string label;   // What is counted: "compiling", "problems".
  std::string detail;  // What it is doing now: "sq4096 timing". On terminals only.
  int done = 0;
  int total = 0;
  int failed = 0;
  double fraction = 0;      // Of all work, in [0, 1].
  double best_seconds = 0;  // Measured. 0: none yet.
  double elapsed_seconds = 0;
};

ProgressView ViewOf(const v1::Tuning& tuning, double elapsed_seconds);
ProgressView ViewOf(const v1::Sweep& sweep, double elapsed_seconds);

// Returns the remaining seconds at the pace so far. Negative if it is too early to say.
double EstimateRemaining(const ProgressView& view);

// "[#####.....] 52% compiling 33/64  best 95.1 us  ETA 4 s", at most `style.width` - 1 columns.
std::string RenderBar(const ProgressView& view, const Style& style);
// "52% compiling 33/64, best 95.1 us, 4 s to go"
std::string RenderLine(const ProgressView& view, const Style& style);

// Draws the views that it gets. Not thread-safe.
class ProgressPrinter {
 public:
  ProgressPrinter(std::ostream& out, const Style& style) : out_(out), style_(style) {}
  ~ProgressPrinter() { Clear(); }

  // Shows `view`. The share never falls, although reports of a sweep's problems overlap.
  void Show(ProgressView view);
  // Removes the bar from the terminal.
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
