// What `tilewright restore` makes of what the daemon's program says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client/cli/commands/app.h"
#include "client/cli/output/json.h"
#include "tests/client/temporary_folder.h"

namespace tilewright::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class RestoreTest : public ::testing::Test {
 protected:
  ~RestoreTest() override { unsetenv("TILEWRIGHT_DAEMON"); }

  // With a program in the place of tilewrightd that does `script`.
  Outcome Restore(const std::string& script, bool json) {
    const std::string program = folder_.path() + "/tilewrightd";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    chmod(program.c_str(), 0700);
    setenv("TILEWRIGHT_DAEMON", program.c_str(), 1);
    std::vector<std::string> words{"restore", "/b.db", "--cache-dir", folder_.path()};
    if (json) words.push_back("--json");
    std::ostringstream out;
    std::ostringstream err;
    const int code = tilewright::cli::Run(words, {out, err, Style(), Style()});
    return {code, out.str(), err.str()};
  }

  TemporaryFolder folder_;
};

TEST_F(RestoreTest, ARunningDaemonIsToldWithHowToStopIt) {
  const std::string script =
      R"(echo '{"error": {"code": "FAILED_PRECONDITION", "reason": "CACHE_IN_USE",)"
      R"( "message": "in use", "directory": "/c", "pid": "42"}}'; exit 75)";
  const Outcome text = Restore(script, false);
  EXPECT_EQ(text.code, 4);
  EXPECT_EQ(text.err,
            "tilewright: error: a tilewrightd (process 42) runs on the cache directory /c: stop it "
            "(`kill 42`) and run the command again [CACHE_IN_USE]\n");
  const Outcome json = Restore(script, true);
  EXPECT_EQ(json.code, 4);
  EXPECT_EQ(Json::parse(json.out)["error"]["reason"], "CACHE_IN_USE");
}

TEST_F(RestoreTest, ErrorsKeepTheirCodes) {
  const Outcome json =
      Restore(R"(echo '{"error": {"code": "NOT_FOUND", "reason": "FILE_NOT_READABLE",)"
              R"( "message": "/b.db: is no file that can be read", "file": "/b.db"}}'; exit 1)",
              true);
  EXPECT_EQ(json.code, 3);
  const Json error = Json::parse(json.out)["error"];
  EXPECT_EQ(error["reason"], "FILE_NOT_READABLE");
  EXPECT_EQ(error["file"], "/b.db");
}

TEST_F(RestoreTest, AProgramThatSaysSomethingElseIsAnErrorToo) {
  const Outcome usage = Restore("echo 'tilewrightd: no \033[2Jsetting' >&2; exit 2", true);
  EXPECT_EQ(usage.code, 2);
  EXPECT_THAT(Json::parse(usage.out)["error"]["message"].get<std::string>(), EndsWith("setting"));
  EXPECT_EQ(usage.err.find('\x1b'), std::string::npos);
  const Outcome error = Restore("echo 'tilewrightd: error: it failed [WHY]' >&2; exit 1", true);
  EXPECT_EQ(Json::parse(error.out)["error"]["message"], "it failed [WHY]");
  const Outcome killed = Restore("kill -9 $$", false);
  EXPECT_EQ(killed.code, 1);
  EXPECT_THAT(killed.err, HasSubstr("tilewrightd ended with exit code 137"));
  EXPECT_EQ(Restore("true", true).code, 1);
}

TEST_F(RestoreTest, WhatItPrintsIsNotObeyedByTheTerminal) {
  const Outcome outcome =
      Restore(R"(printf '{"restored": "/b.db", "database": "/d", "kept": "/k\\u001b[2J",)"
              R"( "note": "A log.\\u001b"}\n')",
              false);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "Restored /b.db.\nThe old database is kept as /k\\x1b[2J.\nA log.\\x1b\n");
}

}  // namespace
}  // namespace tilewright::cli
