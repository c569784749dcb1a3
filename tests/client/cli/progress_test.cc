#include "client/cli/output/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Style kPipe;
const Style kTerminal{true, false, false, 100};
const Style kUnicodeTerminal{true, true, true, 100};

ProgressView Half() { return {"compiling", "", 32, 64, 0, 0.5, 0, 10}; }

TEST(Progress, RemainingFollowsThePaceSoFar) {
  EXPECT_DOUBLE_EQ(EstimateRemaining(Half()), 10);
  ProgressView view = Half();
  view.fraction = 0.01;
  EXPECT_LT(EstimateRemaining(view), 0);
  view.fraction = 1;
  EXPECT_DOUBLE_EQ(EstimateRemaining(view), 0);
}

TEST(Progress, BarShowsShareCountsBestAndEta) {
  ProgressView view = Half();
  view.failed = 2;
  view.best_seconds = 95.1e-6;
  EXPECT_EQ(RenderBar(view, kTerminal),
            "[############............]  50% compiling 32/64 (2 failed)  best 95.10 us  ETA 10 s");
  EXPECT_THAT(RenderBar(view, kUnicodeTerminal), StartsWith("████████████░░░░░░░░░░░░  50%"));
  EXPECT_THAT(RenderBar(view, kUnicodeTerminal), HasSubstr("µs"));
}

TEST(Progress, BarWithoutAPaceHasNoEta) {
  EXPECT_THAT(RenderBar({"queued", "", 0, 0, 0, 0, 0, 3}, kTerminal),
              HasSubstr("0% queued  ETA -"));
}

TEST(Progress, BarNeverWraps) {
  Style narrow = kUnicodeTerminal;
  narrow.width = 20;
  ProgressView view = Half();
  view.label = std::string(200, 'x');
  EXPECT_EQ(DisplayWidth(RenderBar(view, narrow)), 19);
}

TEST(Progress, FractionsBeyondTheRangeAreHeld) {
  ProgressView view = Half();
  view.fraction = 7;
  EXPECT_THAT(RenderBar(view, kTerminal), StartsWith("[########################] 100%"));
  view.fraction = -1;
  EXPECT_THAT(RenderBar(view, kTerminal), StartsWith("[........................]   0%"));
}

TEST(Progress, ViewOfASweepCountsTheTuningUnderWay) {
  v1::Sweep sweep;
  for (int i = 0; i < 4; ++i) sweep.add_entries();
  sweep.mutable_entries(0)->set_state(v1::WORK_STATE_FAILED);
  sweep.mutable_entries(1)->set_state(v1::WORK_STATE_RUNNING);
  sweep.mutable_entries(1)->set_label("b");
  sweep.set_done(1);
  sweep.mutable_current()->set_state(v1::WORK_STATE_RUNNING);
  sweep.mutable_current()->mutable_progress()->set_phase(v1::TUNING_PHASE_TIMING);
  sweep.mutable_current()->mutable_progress()->set_fraction(0.5);
  const ProgressView view = ViewOf(sweep, 1);
  EXPECT_DOUBLE_EQ(view.fraction, 1.5 / 4);
  EXPECT_EQ(view.detail, "b timing");
  EXPECT_EQ(view.failed, 1);
}

TEST(Progress, PipesGetALineAPhase) {
  std::ostringstream out;
  ProgressPrinter printer(out, kPipe);
  printer.Show({"compiling", "", 1, 64, 0, 0.1, 0, 1});
  printer.Show({"compiling", "", 2, 64, 0, 0.2, 0, 1});
  printer.Show({"timing", "", 1, 8, 0, 0.6, 1e-4, 6});
  printer.Clear();
  EXPECT_EQ(out.str(),
            " 10% compiling 1/64, 9 s to go\n"
            " 60% timing 1/8, best 100.0 us, 4 s to go\n");
}

TEST(Progress, PipesGetALineAProblem) {
  std::ostringstream out;
  ProgressPrinter printer(out, kPipe);
  printer.Show({kProblemsLabel, "a compiling", 0, 2, 0, 0.1, 0, 1});
  printer.Show({kProblemsLabel, "a timing", 0, 2, 0, 0.4, 0, 1});
  printer.Show({kProblemsLabel, "b compiling", 1, 2, 0, 0.5, 0, 2});
  EXPECT_EQ(out.str(),
            " 10% problems 0/2, 9 s to go\n"
            " 50% problems 1/2, 2 s to go\n");
}

TEST(Progress, TheShareNeverFalls) {
  std::ostringstream out;
  ProgressPrinter printer(out, kPipe);
  printer.Show({kProblemsLabel, "", 0, 2, 0, 0.5, 0, 1});
  printer.Show({kProblemsLabel, "", 1, 2, 0, 0.4, 0, 1});
  EXPECT_THAT(out.str(), ::testing::EndsWith(" 50% problems 1/2, 1 s to go\n"));
}

TEST(Progress, TerminalsGetOneLineThatIsTakenAway) {
  std::ostringstream out;
  {
    ProgressPrinter printer(out, kTerminal);
    printer.Show(Half());
  }
  EXPECT_THAT(out.str(), StartsWith("\r[####"));
  EXPECT_THAT(out.str(), ::testing::EndsWith("\r\x1b[K"));
}

}  // namespace
}  // namespace tilewright::cli
