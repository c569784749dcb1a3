// Text from elsewhere: what a daemon, a bundle or a file says is shown as text, whatever bytes it
// has, and what is not UTF-8 is an error with a reason or spelled out, never the end of the
// program.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/cli/commands/app.h"
#include "client/cli/commands/files.h"
#include "client/cli/output/format.h"
#include "client/cli/output/json.h"
#include "client/cli/problems/suite.h"
#include "proto/support/errors.h"
#include "proto/support/text.h"
#include "tests/client/fake_service.h"

namespace tilewright::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::HasSubstr;

// Clears the screen, renames the window, turns the text around and starts a line of its own.
constexpr char kHostile[] =
    "\x1b[2J\x1b]0;x\x07\xc2\x9b"
    "31m\xe2\x80\xae"
    "evil\r\nroot# ";

// Every string field of `message` and below it says that.
void FillHostile(Message& message, int depth = 0) {
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map()) continue;
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      field.is_repeated() ? reflection.AddString(&message, &field, kHostile)
                          : reflection.SetString(&message, &field, kHostile);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < 6) {
      if (field.is_repeated()) {
        if (reflection.FieldSize(message, &field) == 0) reflection.AddMessage(&message, &field);
        FillHostile(*reflection.MutableRepeatedMessage(&message, &field, 0), depth + 1);
      } else if (field.containing_oneof() == nullptr || reflection.HasField(message, &field)) {
        FillHostile(*reflection.MutableMessage(&message, &field), depth + 1);
      }
    }
  }
}

v1::Winner HostileWinner() {
  v1::Winner winner;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(problem { gemm { m: 64 n: 32 k: 16 } } provenance: PROVENANCE_MEASURED
         candidate { variant { config { parameters { value: 3 } } }
                     measurement { median_seconds: 1e-5 } })",
      &winner));
  FillHostile(winner);
  winner.mutable_target()->mutable_silicon()->set_compute_capability(90);
  return winner;
}

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class HostileTextTest : public ::testing::Test {
 protected:
  void SetUp() override { service_.Start(); }

  Outcome RunHere(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--no-start", "--cache-dir", folder_.path(), "--socket",
                                       service_.socket_path()});
    std::ostringstream out;
    std::ostringstream err;
    Outcome outcome;
    outcome.code = tilewright::cli::Run(arguments, {out, err, Style(), Style()});
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  static void ExpectHarmless(const Outcome& outcome, const std::string& command) {
    for (const std::string& text : {outcome.out, outcome.err}) {
      EXPECT_TRUE(IsUtf8(text)) << command;
      EXPECT_EQ(text.find("\nroot# "), std::string::npos) << command << ": " << text;
      EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << command;
      EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << command;
      for (const char byte : text) {
        EXPECT_TRUE(byte == '\n' || static_cast<unsigned char>(byte) >= 0x20)
            << command << ": byte " << static_cast<int>(byte) << " in " << Printable(text);
      }
    }
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
};

TEST_F(HostileTextTest, NothingThatADaemonSaysIsObeyedByTheTerminal) {
  service_.winners = {HostileWinner()};
  service_.devices.add_devices();
  service_.devices.add_profiles();
  service_.devices.add_libraries();
  FillHostile(service_.devices);
  service_.explain = [](const v1::ExplainWinnerRequest&) {
    v1::ExplainWinnerResponse response;
    *response.mutable_winner() = HostileWinner();
    *response.add_candidates() = response.winner().candidate();
    v1::Failure& failure = *response.add_candidates()->mutable_failure();
    failure.set_kind(v1::FAILURE_KIND_COMPILE_ERROR);
    failure.set_message(kHostile);
    return response;
  };
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    v1::Tuning tuning;
    tuning.set_name("tunings/1");
    tuning.set_state(v1::WORK_STATE_SUCCEEDED);
    *tuning.mutable_winner() = HostileWinner();
    return tuning;
  };
  v1::Tuning tuned = *service_.create_tuning({});
  service_.tuning_updates = {tuned};
  service_.create_sweep = [](const v1::CreateSweepRequest&) {
    v1::Sweep sweep;
    sweep.set_name(kHostile);
    sweep.set_state(v1::WORK_STATE_FAILED);
    v1::SweepEntry& done = *sweep.add_entries();
    done.set_label(kHostile);
    done.set_state(v1::WORK_STATE_SUCCEEDED);
    *done.mutable_winner() = HostileWinner();
    v1::SweepEntry& failed = *sweep.add_entries();
    failed.set_label(kHostile);
    failed.set_state(v1::WORK_STATE_FAILED);
    failed.set_error_code(3);
    failed.set_error_reason(kHostile);
    failed.set_error_message(kHostile);
    return sweep;
  };
  service_.import_bundle = [](const std::string&) {
    v1::ImportBundleResponse response;
    response.set_signer(kHostile);
    response.set_signer_name(kHostile);
    return response;
  };
  const std::string suite = WriteFile("suite.csv", "a,nt,64,64,64\n");
  const std::string bundle = WriteFile("bundle", "x");
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"list"},
           {"devices"},
           {"explain", "gemm", "--m", "64", "--n", "32", "--k", "16", "--all"},
           {"tune", "gemm", "--m", "64", "--n", "32", "--k", "16"},
           {"sweep", suite},
           {"bench", "--suite", suite},
           {"import", bundle}}) {
    ExpectHarmless(RunHere(command), command[0]);
    std::vector<std::string> as_json = command;
    as_json.push_back("--json");
    const Outcome json = RunHere(as_json);
    EXPECT_TRUE(IsUtf8(json.out)) << command[0];
    EXPECT_EQ(json.out.find('\x1b'), std::string::npos) << command[0];
  }
}

TEST_F(HostileTextTest, AnErrorOfTheDaemonIsOneHarmlessLine) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) -> absl::StatusOr<v1::Tuning> {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CANDIDATE", kHostile);
  };
  const Outcome outcome = RunHere({"tune", "gemm", "--m", "64", "--n", "32", "--k", "16"});
  ExpectHarmless(outcome, "tune");
  EXPECT_THAT(outcome.err, HasSubstr("NO_CANDIDATE"));
}

// It ended with exit 134, an exception of the JSON library.
TEST_F(HostileTextTest, BytesThatAreNotUtf8AreAnErrorWithAReasonInJsonToo) {
  const std::string bad = "h\xff";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"tune", "gemm", "--m", bad, "--n", "32", "--k", "16", "--json"},
           {"tune", "gemm", "--m", "1", "--n", "1", "--k", "1", "--target", bad, "--json"},
           {"get", "gemm", "--m", "1", "--n", "1", "--k", "1", "--target", bad, "--json"},
           {"export", "-o", folder_.path() + "/out", "--key", bad, "--json"},
           {"import", folder_.path() + "/" + bad, "--json"},
           {"sweep", folder_.path() + "/" + bad, "--json"},
           {"sweep", WriteFile("s.csv", "a" + bad + ",nt,1,1,1\n"), "--json"},
           {bad, "--json"}}) {
    const Outcome outcome = RunHere(command);
    EXPECT_NE(outcome.code, 0) << command[0];
    const Json error = Json::parse(outcome.out);
    const std::string message = error["error"]["message"];
    EXPECT_THAT(message, HasSubstr("\\xff")) << command[0];
    EXPECT_NE(error["error"]["reason"], "") << command[0];
    EXPECT_THAT(outcome.err, HasSubstr("\\xff")) << command[0];
    ExpectHarmless(outcome, command[0]);
  }
}

TEST_F(HostileTextTest, AFileWhoseNameIsNotUtf8IsWrittenAndNamedFaithfully) {
  const std::string path = folder_.path() + "/out\xff.bundle";
  const Outcome outcome = RunHere({"export", "-o", path, "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(Json::parse(outcome.out)["file"], folder_.path() + "/out\\xff.bundle");
}

TEST(JsonTextTest, SpellsOutWhatIsNotUtf8InValuesAndKeys) {
  EXPECT_EQ(JsonText({{"a", "plain"}}), R"({"a":"plain"})");
  EXPECT_EQ(JsonText({{"k\xff", {"v\xfe", 1, {{"deep", "\x80"}}}}}),
            R"({"k\\xff":["v\\xfe",1,{"deep":"\\x80"}]})");
}

TEST(SuiteBytesTest, ALineThatIsNotUtf8IsNamedAndAByteOrderMarkIsNoText) {
  const absl::Status status = ParseSuite("a,nt,1,1,1\nb\xff,nt,1,1,1\n", "s.csv").status();
  EXPECT_EQ(ReasonOf(status), "NOT_UTF8");
  EXPECT_THAT(std::string(status.message()), HasSubstr("s.csv:2: line: 'b\\xff,nt,1,1,1'"));
  const auto suite = ParseSuite("\xef\xbb\xbfname,m,n,k\nx,1,2,3\n", "s.csv");
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ((*suite)[0].name, "x");
}

TEST(PartFilesTest, WhatKilledProcessesLeftIsRemovedAndWhatIsBeingWrittenStays) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/out";
  // A process that is gone: nobody has its id now.
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const pid_t alive = fork();
  if (alive == 0) {
    pause();
    _exit(0);
  }
  for (const pid_t pid : {gone, alive}) std::ofstream(path + ".part" + std::to_string(pid)) << "x";
  std::ofstream(path + ".partial") << "another's";
  std::ofstream(folder.path() + "/other.part" + std::to_string(gone)) << "of another file";
  const DaemonPlace place{folder.path() + "/cache", folder.path() + "/cache/tilewrightd.sock"};
  ASSERT_TRUE(OutputFile::At(path, place)->Write(std::string_view("whole")).ok());
  EXPECT_FALSE(std::filesystem::exists(path + ".part" + std::to_string(gone)));
  EXPECT_TRUE(std::filesystem::exists(path + ".part" + std::to_string(alive)));
  EXPECT_TRUE(std::filesystem::exists(path + ".partial"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/other.part" + std::to_string(gone)));
  kill(alive, SIGKILL);
  waitpid(alive, nullptr, 0);
}

TEST(PartFilesTest, ALinkInPlaceOfThePartFileIsNotFollowed) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/out";
  std::ofstream(folder.path() + "/victim") << "precious";
  std::filesystem::create_symlink(folder.path() + "/victim",
                                  path + ".part" + std::to_string(getpid()));
  const DaemonPlace place{folder.path() + "/cache", folder.path() + "/cache/tilewrightd.sock"};
  ASSERT_TRUE(OutputFile::At(path, place)->Write(std::string_view("whole")).ok());
  std::ifstream victim(folder.path() + "/victim");
  std::string text;
  victim >> text;
  EXPECT_EQ(text, "precious");
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(path)));
}

}  // namespace
}  // namespace tilewright::cli
