#include "client/cli/output/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/output/format.h"
#include "client/cli/problems/enum_names.h"
#include "proto/support/text.h"
#include "tilewright/connection.h"

namespace tilewright::cli {
namespace {

constexpr int kBarColumns = 24;
// If the output is not a terminal, each phase gets a line, and at most one line more in this time.
constexpr absl::Duration kLineInterval = absl::Seconds(5);
// Below this share it is too early for an estimate.
constexpr double kEarliestEstimate = 0.02;

int Percent(const ProgressView& view) {
  return static_cast<int>(100 * std::clamp(view.fraction, 0.0, 1.0));
}

std::string Counts(const ProgressView& view) {
  std::string text = view.label;
  if (view.total > 0) absl::StrAppend(&text, " ", view.done, "/", view.total);
  if (view.failed > 0) absl::StrAppend(&text, " (", view.failed, " failed)");
  return text;
}

std::string BarOf(double fraction, bool unicode) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarColumns);
  std::string bar;
  for (int i = 0; i < kBarColumns; ++i) {
    absl::StrAppend(&bar, i < full ? (unicode ? "█" : "#") : (unicode ? "░" : "."));
  }
  return unicode ? bar : absl::StrCat("[", bar, "]");
}

// Returns the first `columns` columns of UTF-8 text without colour codes.
std::string Cut(const std::string& text, int columns) {
  size_t end = 0;
  for (int width = 0; end < text.size(); ++end) {
    const bool continuation = (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80;
    if (!continuation && ++width > columns) break;
  }
  return text.substr(0, end);
}

std::string PhaseLabel(const v1::Tuning& tuning) {
  if (tuning.state() == v1::WORK_STATE_QUEUED) return "queued";
  const v1::TuningPhase phase = tuning.progress().phase();
  return phase == v1::TUNING_PHASE_UNSPECIFIED ? "starting" : NameOf(phase);
}

}  // namespace

ProgressView ViewOf(const v1::Tuning& tuning, double elapsed_seconds) {
  const v1::TuningProgress& progress = tuning.progress();
  ProgressView view;
  view.label = PhaseLabel(tuning);
  view.done = progress.done();
  view.total = progress.total();
  view.failed = progress.failed();
  view.fraction = progress.fraction();
  view.best_seconds = progress.best_seconds();
  view.elapsed_seconds = elapsed_seconds;
  return view;
}

ProgressView ViewOf(const v1::Sweep& sweep, double elapsed_seconds) {
  ProgressView view;
  view.total = sweep.entries_size();
  view.done = sweep.done();
  view.elapsed_seconds = elapsed_seconds;
  view.label = kProblemsLabel;
  double current = 0;
  if (sweep.has_current() && !IsFinal(sweep.current().state())) {
    current = sweep.current().progress().fraction();
    view.detail = PhaseLabel(sweep.current());
  }
  for (const v1::SweepEntry& entry : sweep.entries()) {
    view.failed += entry.state() == v1::WORK_STATE_FAILED ? 1 : 0;
    if (entry.state() == v1::WORK_STATE_RUNNING) {
      view.detail =
          absl::StrCat(Printable(entry.label()), view.detail.empty() ? "" : " ", view.detail);
    }
  }
  if (view.total > 0) view.fraction = (view.done + current) / view.total;
  return view;
}

double EstimateRemaining(const ProgressView& view) {
  if (view.fraction < kEarliestEstimate || view.elapsed_seconds <= 0) return -1;
  return view.elapsed_seconds * (1 - std::min(1.0, view.fraction)) / view.fraction;
}

std::string RenderBar(const ProgressView& view, const Style& style) {
  std::string text = absl::StrFormat("%s %3d%% %s", BarOf(view.fraction, style.unicode),
                                     Percent(view), Counts(view));
  if (!view.detail.empty()) absl::StrAppend(&text, "  ", view.detail);
  if (view.best_seconds > 0) {
    absl::StrAppend(&text, "  best ", FormatSeconds(view.best_seconds, style));
  }
  const double remaining = EstimateRemaining(view);
  absl::StrAppend(&text, "  ETA ", remaining < 0 ? "-" : FormatWait(remaining));
  return Cut(text, style.width - 1);
}

std::string RenderLine(const ProgressView& view, const Style& style) {
  std::string text = absl::StrFormat("%3d%% %s", Percent(view), Counts(view));
  if (view.best_seconds > 0) {
    absl::StrAppend(&text, ", best ", FormatSeconds(view.best_seconds, style));
  }
  const double remaining = EstimateRemaining(view);
  if (remaining >= 0) absl::StrAppend(&text, ", ", FormatWait(remaining), " to go");
  return text;
}

void ProgressPrinter::Show(ProgressView view) {
  shown_fraction_ = std::max(shown_fraction_, view.fraction);
  view.fraction = shown_fraction_;
  if (style_.terminal) {
    // Writes a carriage return, the bar, and a code that erases the rest of the line.
    out_ << '\r' << RenderBar(view, style_) << "\x1b[K" << std::flush;
    drawn_ = true;
    return;
  }
  const SteadyTime now = SteadyTime::Now();
  // A tuning goes from phase to phase; a sweep from problem to problem.
  const bool many_problems = view.label == kProblemsLabel;
  const std::string step = many_problems ? absl::StrCat(view.done) : view.label;
  if (step == last_step_ && now - last_line_ < kLineInterval) return;
  out_ << RenderLine(view, style_) << '\n' << std::flush;
  last_step_ = step;
  last_line_ = now;
}

void ProgressPrinter::Clear() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

double ProgressPrinter::ElapsedSeconds() const {
  return absl::ToDoubleSeconds(SteadyTime::Now() - start_);
}

}  // namespace tilewright::cli
