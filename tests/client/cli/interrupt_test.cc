// Commands that are interrupted, against a service in this process. Each test sends this process
// the signal itself.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <streambuf>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/commands/app.h"
#include "client/cli/commands/command_context.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/json.h"
#include "proto/support/errors.h"
#include "tests/client/fake_service.h"

namespace tilewright::cli {
namespace {

using std::chrono::milliseconds;

// Longer than a command may go on with its work after an interrupt.
constexpr milliseconds kTooLong{4000};

const char kTuned[] = R"(
  name: "tunings/1" state: WORK_STATE_SUCCEEDED
  winner { problem { gemm { m: 64 n: 32 k: 16 } }
           candidate { variant { template_name: "t" } measurement { median_seconds: 1e-5 } } })";
const char kExplained[] = R"(
  winner { target { silicon { name: "H100" } } }
  candidates { variant { template_name: "t" } measurement { median_seconds: 2e-5 seconds: 2e-5 } }
  candidates { vendor { heuristic_rank: 0 } measurement { median_seconds: 1e-5 } })";

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

bool IsPending(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal) == 1;
}

// Returns once the interrupt has surely been taken.
void Interrupt() {
  kill(getpid(), SIGINT);
  while (IsPending(SIGINT)) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(200));
}

// A reader that takes its time, as a person with a pager does.
class SlowBuffer final : public std::stringbuf {
 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (!std::exchange(slept_, true)) std::this_thread::sleep_for(kTooLong);
    return std::stringbuf::xsputn(text, size);
  }

 private:
  bool slept_ = false;
};

class InterruptTest : public ::testing::Test {
 protected:
  InterruptTest() {
    service_.create_tuning = [](const v1::CreateTuningRequest&) {
      return Parse<v1::Tuning>(kTuned);
    };
    service_.explain = [](const v1::ExplainWinnerRequest&) {
      return Parse<v1::ExplainWinnerResponse>(kExplained);
    };
    service_.Start();
    std::ofstream(suite_) << "a,nt,64,64,64\nb,nt,128,64,64\nc,nt,256,64,64\n";
  }

  int RunHere(std::vector<std::string> arguments, std::streambuf& out) {
    arguments.insert(arguments.end(), {"--no-start", "--cache-dir", folder_.path(), "--socket",
                                       service_.socket_path()});
    std::ostream stream(&out);
    std::ostringstream err;
    const int code = tilewright::cli::Run(arguments, {stream, err, Style(), Style()});
    err_ = err.str();
    return code;
  }

  // For a service that does not answer what was interrupted.
  void InterruptAndHangAtTheSecondCall() {
    if (++calls_ != 2) return;
    Interrupt();
    std::this_thread::sleep_for(kTooLong);
  }

  // The names of the rows that an interrupted bench leaves.
  std::vector<std::string> RowsOfBench() {
    const std::string report = folder_.path() + "/report.json";
    std::stringbuf out;
    EXPECT_EQ(RunHere({"bench", "--suite", suite_, "--json", report}, out), kExitInterrupted);
    std::ifstream in(report);
    const Json whole = Json::parse(in);
    std::vector<std::string> names;
    for (const Json& row : whole["results"]) names.push_back(row["name"]);
    return names;
  }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
  const std::string suite_ = folder_.path() + "/suite.csv";
  std::string err_;
  std::atomic<int> calls_{0};
};

using Names = std::vector<std::string>;

TEST_F(InterruptTest, ABenchKeepsItsRowsWhereTheDaemonDoesNotExplain) {
  service_.explain = [&](const v1::ExplainWinnerRequest&) {
    InterruptAndHangAtTheSecondCall();
    return Parse<v1::ExplainWinnerResponse>(kExplained);
  };
  EXPECT_EQ(RowsOfBench(), Names({"a"}));
  EXPECT_NE(err_.find("interrupted after 1 of 3"), std::string::npos) << err_;
}

TEST_F(InterruptTest, ABenchKeepsItsRowsWhereTheDaemonTakesNoTuning) {
  service_.create_tuning = [&](const v1::CreateTuningRequest&) {
    InterruptAndHangAtTheSecondCall();
    return Parse<v1::Tuning>(kTuned);
  };
  EXPECT_EQ(RowsOfBench(), Names({"a"}));
}

TEST_F(InterruptTest, ABenchKeepsTheRowThatItHasMeasured) {
  std::atomic<int> calls{0};
  service_.explain = [&](const v1::ExplainWinnerRequest&) {
    if (++calls == 2) Interrupt();
    return Parse<v1::ExplainWinnerResponse>(kExplained);
  };
  EXPECT_EQ(RowsOfBench(), Names({"a", "b"}));
}

TEST_F(InterruptTest, ResultsAreWrittenHoweverLongThatTakes) {
  service_.explain = [&](const v1::ExplainWinnerRequest&) {
    Interrupt();
    return Parse<v1::ExplainWinnerResponse>(kExplained);
  };
  SlowBuffer table;
  EXPECT_EQ(RunHere({"bench", "--suite", suite_}, table), kExitInterrupted);
  EXPECT_NE(table.str().find("0.50x"), std::string::npos) << table.str();
}

TEST_F(InterruptTest, ASweepsTableIsWrittenHoweverLongThatTakes) {
  const char kSweep[] = R"(
    name: "sweeps/s" state: WORK_STATE_RUNNING
    entries { label: "a" state: WORK_STATE_SUCCEEDED problem { gemm { m: 64 n: 32 k: 16 } }
      winner { candidate { variant { template_name: "t" }
                           measurement { median_seconds: 1e-5 } } } }
    entries { label: "b" state: WORK_STATE_RUNNING })";
  service_.create_sweep = [&](const v1::CreateSweepRequest&) { return Parse<v1::Sweep>(kSweep); };
  service_.sweep_updates = {Parse<v1::Sweep>(kSweep)};
  service_.cancelled_sweep = Parse<v1::Sweep>(kSweep);
  service_.cancelled_sweep.set_state(v1::WORK_STATE_CANCELLED);
  std::thread later([] {
    std::this_thread::sleep_for(milliseconds(1000));
    Interrupt();
  });
  SlowBuffer table;
  EXPECT_EQ(RunHere({"sweep", suite_}, table), kExitInterrupted);
  later.join();
  EXPECT_NE(table.str().find('a'), std::string::npos);
}

TEST_F(InterruptTest, ATuningThatFailsByItselfIsNotSaidToGoOn) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnavailable}) {
    service_.create_tuning = [code](const v1::CreateTuningRequest&) {
      Interrupt();
      auto tuning = Parse<v1::Tuning>(R"(name: "tunings/1" state: WORK_STATE_FAILED
                                         error_reason: "NO_CANDIDATE" error_message: "all wrong")");
      tuning.set_error_code(static_cast<int>(code));
      return tuning;
    };
    std::stringbuf out;
    const int exit_code = RunHere({"tune", "gemm", "--m", "64", "--n", "64", "--k", "64"}, out);
    EXPECT_NE(exit_code, kExitInterrupted);
    EXPECT_EQ(err_, "tilewright: error: all wrong [NO_CANDIDATE]\n");
  }
}

TEST_F(InterruptTest, ATuningThatTheDaemonDoesNotAnswerMayGoOn) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    Interrupt();
    std::this_thread::sleep_for(kTooLong);
    return Parse<v1::Tuning>(kTuned);
  };
  std::stringbuf out;
  EXPECT_EQ(RunHere({"tune", "gemm", "--m", "64", "--n", "64", "--k", "64"}, out),
            kExitInterrupted);
  EXPECT_NE(err_.find("the daemon may go on"), std::string::npos) << err_;
}

TEST_F(InterruptTest, ARestoreThatHasBegunComesToItsEnd) {
  const std::string program = folder_.path() + "/restorer";
  std::ofstream(program) << "#!/bin/sh\nkill -INT $PPID\nsleep 0.5\n"
                         << R"(echo '{"restored": "/b.db", "database": "/d", "kept": ""}')";
  chmod(program.c_str(), 0700);
  setenv("TILEWRIGHT_DAEMON", program.c_str(), 1);
  std::stringbuf out;
  EXPECT_EQ(RunHere({"restore", "/b.db"}, out), kExitOk) << err_;
  EXPECT_EQ(out.str(), "Restored /b.db.\n");
  unsetenv("TILEWRIGHT_DAEMON");
}

}  // namespace
}  // namespace tilewright::cli

// Before any other thread is there: a signal that one of them has not blocked would end the test.
int main(int argc, char** argv) {
  tilewright::cli::CatchInterrupts();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
