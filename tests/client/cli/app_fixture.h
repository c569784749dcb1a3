// The whole command against a service in this process.
#ifndef TILEWRIGHT_TESTS_CLIENT_CLI_APP_FIXTURE_H_
#define TILEWRIGHT_TESTS_CLIENT_CLI_APP_FIXTURE_H_

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/commands/app.h"
#include "client/cli/output/output.h"
#include "tests/client/fake_service.h"

namespace tilewright::cli {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override { service_.Start(); }

  Outcome RunOnly(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    Outcome outcome;
    outcome.code = tilewright::cli::Run(arguments, {out, err, Style(), Style()});
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  // With the flags that lead to the service of this test.
  Outcome RunHere(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--no-start", "--cache-dir", folder_.path(), "--socket",
                                       service_.socket_path()});
    return RunOnly(arguments);
  }

  // The flags of RunHere, as a command in a message has them.
  std::string TypedPlace() const {
    return " --cache-dir '" + folder_.path() + "' --socket '" + service_.socket_path() + "'";
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
};

inline void ExpectOneErrorLine(const Outcome& outcome, int code, const std::string& text) {
  EXPECT_EQ(outcome.code, code);
  EXPECT_THAT(outcome.err, ::testing::StartsWith("tilewright: error: "));
  EXPECT_THAT(outcome.err, ::testing::HasSubstr(text));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

inline constexpr char kTuned[] = R"(
  name: "tunings/1" state: WORK_STATE_SUCCEEDED legal_configs: 300 compiled: 64 measured: 60
  winner {
    problem { gemm { m: 64 n: 32 k: 16 } } provenance: PROVENANCE_MEASURED margin: 0.05
    reason: "fastest median of 60"
    candidate { variant { template_name: "gemm_sm80" } measurement { median_seconds: 1e-5 } } })";

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_TESTS_CLIENT_CLI_APP_FIXTURE_H_
