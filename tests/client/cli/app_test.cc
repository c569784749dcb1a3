// The command's answers: what it sends, prints and exits with.
#include "client/cli/commands/app.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/output/json.h"
#include "client/cli/output/output.h"
#include "proto/support/errors.h"
#include "tests/client/cli/app_fixture.h"

namespace tilewright::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(AppTest, WrongUsageIsOneLineAndExitCodeTwo) {
  ExpectOneErrorLine(RunOnly({}), 2, "a command is missing: serve, tune");
  ExpectOneErrorLine(RunOnly({"bogus"}), 2,
                     "there is no command 'bogus'; the commands are serve, tune");
  ExpectOneErrorLine(RunOnly({"tune"}), 2, "a command is missing: gemm");
  ExpectOneErrorLine(RunOnly({"tune", "conv"}), 2,
                     "there is no command 'conv'; the commands are gemm");
  ExpectOneErrorLine(RunOnly({"tune", "gemm", "--m", "1"}), 2,
                     "--n is required; see `tilewright "
                     "tune gemm --help` [USAGE]");
  ExpectOneErrorLine(RunOnly({"list", "--bogus"}), 2, "--bogus");
  ExpectOneErrorLine(RunOnly({"forget", "--key"}), 2, "--key: 1 required KEY missing");
  ExpectOneErrorLine(RunOnly({"tune", "gemm", "--m", "8k", "--n", "1", "--k", "1"}), 2,
                     "--m: must be a plain integer such as 8192 (no 8k, no 1e3), was '8k' "
                     "[INVALID_INTEGER]");
}

TEST_F(AppTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(RunOnly({"--help"}).code, 0);
  EXPECT_THAT(RunOnly({"tune", "gemm", "--help"}).out, HasSubstr("--activation"));
  EXPECT_THAT(RunOnly({"--version"}).out, StartsWith("tilewright "));
  EXPECT_EQ(Json::parse(RunOnly({"version", "--json"}).out)["version"],
            Json::parse(RunOnly({"--json", "version"}).out)["version"]);
}

TEST_F(AppTest, HelpIsACommandToo) {
  EXPECT_EQ(RunOnly({"help"}).out, RunOnly({"--help"}).out);
  const Outcome tune = RunOnly({"help", "tune"});
  EXPECT_EQ(tune.code, 0) << tune.err;
  EXPECT_EQ(tune.out, RunOnly({"tune", "--help"}).out);
  EXPECT_EQ(RunOnly({"help", "tune", "gemm"}).out, RunOnly({"tune", "gemm", "--help"}).out);
  ExpectOneErrorLine(RunOnly({"help", "bogus"}), 2,
                     "there is no command 'bogus'; the commands are serve, tune");
  ExpectOneErrorLine(RunOnly({"help", "tune", "bogus"}), 2,
                     "there is no command 'bogus'; the commands are gemm");
  // It printed the help of the program.
  ExpectOneErrorLine(RunOnly({"bogus", "--help"}), 2, "there is no command 'bogus'");
  EXPECT_EQ(Json::parse(RunOnly({"help", "bogus", "--json"}).out)["error"]["reason"], "USAGE");
}

// The help of a command did not name --json, which it takes.
TEST_F(AppTest, EveryHelpNamesTheOptionsOfAllCommands) {
  const std::vector<std::vector<std::string>> commands{
      {"list"}, {"tune"}, {"tune", "gemm"}, {"trust", "add"}, {"bench"}, {"help"}};
  for (std::vector<std::string> words : commands) {
    words.emplace_back("--help");
    const std::string help = RunOnly(words).out;
    EXPECT_THAT(help, HasSubstr("\n\nOptions of every command:\n")) << words.front();
    EXPECT_THAT(help, HasSubstr("--no-start")) << words.front();
    EXPECT_THAT(help, HasSubstr("\n\nExit codes: 0 done;")) << words.front();
    // `bench` has a --json of its own.
    const size_t json = help.find("--json");
    ASSERT_NE(json, std::string::npos) << words.front();
    EXPECT_EQ(help.find("--json", json + 1), std::string::npos) << words.front();
  }
}

TEST_F(AppTest, NoDaemonAndNoneToBeStarted) {
  service_.Stop();
  ExpectOneErrorLine(RunHere({"list"}), 4, "no tilewrightd answers at");
}

TEST_F(AppTest, TheServicesErrorsAreOneLine) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) -> absl::StatusOr<v1::Tuning> {
    return InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0");
  };
  const Outcome outcome = RunHere({"tune", "gemm", "--m", "0", "--n", "1", "--k", "1"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "tilewright: error: --m: must be at least 1, was 0 [OUT_OF_RANGE]\n");
  const Outcome json = RunHere({"tune", "gemm", "--m", "0", "--n", "1", "--k", "1", "--json"});
  EXPECT_EQ(Json::parse(json.out)["error"]["field"], "gemm.m");
  EXPECT_EQ(json.code, 2);
}

// The service knows fields, and the person typed flags.
TEST_F(AppTest, ErrorsOfTheServiceNameTheFlags) {
  const std::vector<std::string> shape{"gemm", "--m", "1", "--n", "1", "--k", "1"};
  const auto error_of = [&](const std::string& command, const std::string& field,
                            const std::vector<std::string>& more) {
    const absl::Status wrong = InvalidField(field, "WRONG", "is wrong");
    service_.create_tuning = [&](const v1::CreateTuningRequest&) { return wrong; };
    service_.get_kernel = [&](const v1::GetKernelRequest&) { return wrong; };
    service_.explain = [&](const v1::ExplainWinnerRequest&) { return wrong; };
    service_.render_source = [&](const v1::RenderSourceRequest&) { return wrong; };
    std::vector<std::string> words{command};
    words.insert(words.end(), shape.begin(), shape.end());
    words.insert(words.end(), more.begin(), more.end());
    return RunHere(words).err;
  };
  const std::string hash(64, 'a');
  EXPECT_THAT(error_of("tune", "gemm.epilogue.bias_mode", {"--bias", "none"}),
              HasSubstr(" --bias: is wrong [WRONG]"));
  EXPECT_THAT(error_of("tune", "options.max_candidates", {"--max-candidates", "9"}),
              HasSubstr(" --max-candidates: is wrong [WRONG]"));
  EXPECT_THAT(error_of("get", "pinned_epoch", {"--epoch", "7"}), HasSubstr(" --epoch: is wrong"));
  EXPECT_THAT(error_of("get", "pinned_content_hash", {"--hash", hash}),
              HasSubstr(" --hash: is wrong"));
  EXPECT_THAT(error_of("explain", "device_ordinal", {"--device", "3"}),
              HasSubstr(" --device: is wrong"));
  EXPECT_THAT(error_of("explain", "target", {"--target", "x"}), HasSubstr(" --target: is wrong"));
  EXPECT_THAT(error_of("source", "variant.template_name", {"--template", "x"}),
              HasSubstr(" --template: is wrong"));
  EXPECT_THAT(error_of("source", "variant.config", {"--config", "stages=3"}),
              HasSubstr(" --config: is wrong"));
  EXPECT_THAT(error_of("source", "variant.config.stages", {"--config", "stages=3"}),
              HasSubstr(" --config stages: is wrong"));
  // It blamed the flag of this name.
  EXPECT_THAT(error_of("source", "variant.config.k", {"--config", "k=1"}),
              HasSubstr(" --config k: is wrong"));
  EXPECT_THAT(error_of("tune", "problem", {}), HasSubstr(" problem: is wrong")) << "no flag";
}

// A flag with an empty value acted as if it were absent: `get --hash "$UNSET"` served any kernel.
TEST_F(AppTest, AnEmptyValueIsRefused) {
  const std::string suite = WriteFile("suite.csv", "a,nt,1,1,1\n");
  const auto with = [](const std::string& command, const std::string& flag) {
    return std::vector<std::string>{command, "gemm", "--m", "1", "--n", "1", "--k", "1", flag, ""};
  };
  const std::pair<std::vector<std::string>, std::string> commands[] = {
      {with("source", "-o"), "--output"},
      {with("source", "--config"), "--config"},
      {with("get", "-o"), "--output"},
      {with("get", "--hash"), "--hash"},
      {with("tune", "--target"), "--target"},
      {{"bench", "--suite", ""}, "--suite"},
      {{"sweep", ""}, "file"},
      {{"sweep", suite, "--name", ""}, "--name"},
      {{"export", "-o", ""}, "--output"},
      {{"backup", ""}, "file"},
      {{"forget", "--key", ""}, "--key"},
      {{"list", "--socket", ""}, "--socket"},
      {{"list", "--cache-dir", ""}, "--cache-dir"},
      {{"sweep", "--name=", suite}, "--name"},
      {{"--cache-dir=", "list"}, "--cache-dir"},
  };
  for (const auto& [words, flag] : commands) {
    ExpectOneErrorLine(RunOnly(words), 2, " " + flag + ": must not be empty; see `tilewright ");
  }
  service_.create_tuning = [](const v1::CreateTuningRequest&) { return Parse<v1::Tuning>(kTuned); };
  EXPECT_EQ(Json::parse(RunHere({"bench", "--suite", suite, "--json"}).out)["suite"], suite)
      << "the value of --json may be left out";
}

// The measurement was lost: the file was opened after it.
TEST_F(AppTest, AFileThatCannotBeWrittenIsSaidBeforeTheWork) {
  const std::string suite = WriteFile("suite.csv", "a,nt,1,1,1\n");
  ExpectOneErrorLine(RunOnly({"bench", "--suite", suite, "--json", "/nowhere/b.json"}), 1,
                     "/nowhere/b.json: cannot be written: No such file or directory");
  ExpectOneErrorLine(RunOnly({"export", "-o", "/nowhere/e.twb"}), 1, "/nowhere/e.twb: cannot be");
}

TEST_F(AppTest, BenchDoesNotWriteOverItsSuite) {
  const std::string suite = WriteFile("suite.csv", "a,nt,1,1,1\n");
  ExpectOneErrorLine(RunOnly({"bench", "--suite", suite, "--json", suite}), 2,
                     "--json: is the file of --suite, which would be lost: name another file");
  EXPECT_EQ(ReadAll(suite), "a,nt,1,1,1\n");
}

TEST_F(AppTest, TuneSendsTheFlagsAndPrintsTheWinner) {
  v1::CreateTuningRequest seen;
  service_.create_tuning = [&seen](const v1::CreateTuningRequest& request) {
    seen = request;
    return Parse<v1::Tuning>(kTuned);
  };
  const Outcome outcome = RunHere({"tune",
                                   "gemm",
                                   "--m",
                                   "64",
                                   "--n",
                                   "32",
                                   "--k",
                                   "16",
                                   "--layout",
                                   "tn",
                                   "--a-type",
                                   "fp16",
                                   "--target",
                                   "h100-sxm",
                                   "--max-candidates",
                                   "9",
                                   "--budget",
                                   "1.5s",
                                   "--force",
                                   "--skip-vendor",
                                   "--device",
                                   "1",
                                   "--amax",
                                   "--batch",
                                   "2",
                                   "--a-batch-stride",
                                   "-1",
                                   "--b-batch-stride",
                                   "broadcast"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(seen.problem().gemm().a_batch_stride(), -1);
  EXPECT_EQ(seen.problem().gemm().b_batch_stride(), -1);
  EXPECT_EQ(seen.problem().gemm().a_type(), v1::DATA_TYPE_FP16);
  EXPECT_TRUE(seen.problem().gemm().epilogue().amax());
  EXPECT_EQ(seen.target(), "h100-sxm");
  EXPECT_EQ(seen.device_ordinal(), 1);
  EXPECT_EQ(seen.options().max_candidates(), 9);
  EXPECT_EQ(seen.options().budget().nanos(), 500'000'000);
  EXPECT_TRUE(seen.options().force());
  EXPECT_TRUE(seen.options().skip_vendor());
  EXPECT_THAT(outcome.out, HasSubstr("10.00 us"));
  EXPECT_THAT(outcome.out, HasSubstr("Why: fastest median of 60"));
  EXPECT_THAT(outcome.err, HasSubstr("300 configs, 64 compiled, 60 measured"));
}

TEST_F(AppTest, TuneAsJsonIsOneObjectAndNothingElse) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) { return Parse<v1::Tuning>(kTuned); };
  const Outcome outcome =
      RunHere({"--json", "tune", "gemm", "--m", "64", "--n", "32", "--k", "16"});
  ASSERT_EQ(outcome.code, 0);
  const Json json = Json::parse(outcome.out);
  EXPECT_DOUBLE_EQ(json["measured_seconds"], 1e-5);
  EXPECT_EQ(json["tuning"]["compiled"], 64);
  EXPECT_EQ(outcome.err, "");
}

// It was exit code 0, with the reason at the end of a sentence.
TEST_F(AppTest, ATuningThatCouldNotBeStoredIsExitCodeFive) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    v1::Tuning tuning = Parse<v1::Tuning>(kTuned);
    tuning.set_not_stored("the disk is full");
    return tuning;
  };
  const std::vector<std::string> tune{"tune", "gemm", "--m", "64", "--n", "32", "--k", "16"};
  const Outcome outcome = RunHere(tune);
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.out, HasSubstr("10.00 us")) << "it is served";
  EXPECT_THAT(outcome.err, HasSubstr("error: the result could not be stored"));
  EXPECT_THAT(outcome.err, EndsWith("the disk is full [NOT_STORED]\n"));
  std::vector<std::string> with_json = tune;
  with_json.push_back("--json");
  const Outcome json = RunHere(with_json);
  EXPECT_EQ(json.code, 5);
  EXPECT_EQ(Json::parse(json.out)["not_stored"], "the disk is full");
}

TEST_F(AppTest, OutputThatCannotBeWrittenIsAFailure) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                {"--version"},
                                                {"version", "--json"},
                                                {"completion", "bash"},
                                                {"tune", "gemm", "--json"}}) {
    OutputBuffer full(open("/dev/full", O_WRONLY));
    std::ostream out(&full);
    std::ostringstream err;
    EXPECT_NE(tilewright::cli::Run(words, {out, err, Style(), Style()}), 0) << words.front();
    EXPECT_THAT(err.str(), HasSubstr("the output could not be written: No space left on device "
                                     "[OUTPUT_NOT_WRITTEN]"))
        << words.front();
    OutputBuffer closed(-1);
    std::ostream nowhere(&closed);
    EXPECT_NE(tilewright::cli::Run(words, {nowhere, err, Style(), Style()}), 0) << words.front();
  }
}

TEST_F(AppTest, BadTuningFlagsAreRefusedBeforeAnythingStarts) {
  service_.Stop();
  const std::vector<std::string> tune{"tune", "gemm", "--m", "1", "--n", "1", "--k", "1"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), tune.begin(), tune.end());
    return RunHere(more);
  };
  ExpectOneErrorLine(with({"--max-candidates", "0"}), 2, "error: --max-candidates: must be from 1");
  ExpectOneErrorLine(with({"--budget", "soon"}), 2, "error: --budget: must be a duration");
  ExpectOneErrorLine(with({"--device", "-1"}), 2, "error: --device: must be from 0");
}

TEST_F(AppTest, GetPrintsThePlanAndWritesTheCubin) {
  const std::string file = folder_.path() + "/kernel.cubin";
  const Outcome outcome =
      RunHere({"get", "gemm", "--m", "64", "--n", "32", "--k", "16", "-o", file});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(ReadAll(file), CubinOf(64, 32, 16));
  EXPECT_THAT(outcome.out, HasSubstr("gemm_main: 128 threads, tile 128x64"));
  EXPECT_THAT(outcome.out, HasSubstr("k split by 2"));
  EXPECT_THAT(outcome.out, HasSubstr("epoch         7"));
}

// The time that was estimated for the neighbour was shown as this problem's.
TEST_F(AppTest, GetOfANeighboursKernelShowsNoTime) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.set_match(v1::MATCH_NEAREST_PROBLEM);
    response.set_predicted_seconds(1e-5);
    return response;
  };
  const Outcome outcome = RunHere({"get", "gemm", "--m", "64", "--n", "32", "--k", "16", "--json"});
  EXPECT_TRUE(Json::parse(outcome.out)["measured_seconds"].is_null());
  EXPECT_TRUE(Json::parse(outcome.out)["estimated_seconds"].is_null());
  EXPECT_EQ(Json::parse(outcome.out)["match"], "nearest_problem");
}

TEST_F(AppTest, ADaemonOfAnotherVersionIsExitCodeFour) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return MakeError(absl::StatusCode::kUnimplemented, "OTHER_VERSION", "it does not know this");
  };
  ExpectOneErrorLine(RunHere({"get", "gemm", "--m", "1", "--n", "1", "--k", "1"}), 4,
                     "it does not know this [OTHER_VERSION]");
}

TEST_F(AppTest, GetOfWhatIsNotStoredIsExitCodeThree) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", "nothing is stored for it");
  };
  ExpectOneErrorLine(
      RunHere({"get", "gemm", "--m", "1", "--n", "1", "--k", "1", "--mode", "cached_only"}), 3,
      "nothing is stored for it; `tilewright tune gemm --m 1 --n 1 --k 1" + TypedPlace() +
          "` tunes it here [NO_WINNER]");
}

TEST_F(AppTest, ExplainOfWhatIsNotStoredNamesTheCommandThatTunesIt) {
  service_.explain =
      [](const v1::ExplainWinnerRequest&) -> absl::StatusOr<v1::ExplainWinnerResponse> {
    return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", "none");
  };
  ExpectOneErrorLine(RunHere({"explain", "gemm", "--amax", "--k", "1", "--m", "8", "--n", "2",
                              "--a-type", "fp16", "--target", "h100-sxm"}),
                     3,
                     "none; `tilewright tune gemm --m 8 --n 2 --k 1 --a-type fp16 --amax --target "
                     "h100-sxm" +
                         TypedPlace() + "` tunes it here [NO_WINNER]");
}

// That a database was damaged, and where it went, was only in the daemon's log.
TEST_F(AppTest, ListSaysThatTheDatabaseWasMovedAside) {
  service_.cache_stats.set_recovery_note("the database was damaged; it is kept as /x.damaged");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"list"}, std::vector<std::string>{"list", "--json"}}) {
    const Outcome outcome = RunHere(words);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("it is kept as /x.damaged"));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(AppTest, ListSaysWhatIsNotStored) {
  service_.cache_stats.set_unstored_winners(1);
  service_.cache_stats.set_read_only("/c cannot be written to");
  const Outcome outcome = RunHere({"list"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("tilewright: /c cannot be written to\n"));
  EXPECT_THAT(outcome.err, HasSubstr("1 winner is served and not stored yet\n"));
}

TEST_F(AppTest, ListReadsEveryPage) {
  for (int i = 1; i <= 5; ++i) {
    v1::Winner winner;
    winner.mutable_problem()->mutable_gemm()->set_m(i);
    service_.winners.push_back(winner);
  }
  const Outcome all = RunHere({"list", "--json"});
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 5);
  const Outcome some = RunHere({"list", "--json", "--limit", "3"});
  EXPECT_EQ(std::count(some.out.begin(), some.out.end(), '\n'), 3);
  ExpectOneErrorLine(RunHere({"list", "--limit", "0"}), 2, "limit: must be at least 1, was 0");
}

TEST_F(AppTest, ListMarksWhatIsNotServed) {
  for (const char* signer : {"", "aa", "bb"}) {
    service_.winners.emplace_back().set_signer(signer);
  }
  service_.distrusted_signers = {"bb"};
  const Outcome text = RunHere({"list"});
  EXPECT_THAT(text.out, HasSubstr("SIGNER"));
  EXPECT_THAT(text.out, HasSubstr("NOT TRUSTED: stored and not served"));
  const Outcome json = RunHere({"list", "--json"});
  std::istringstream lines(json.out);
  std::vector<bool> distrusted;
  for (std::string line; std::getline(lines, line);) {
    distrusted.push_back(Json::parse(line)["distrusted"]);
  }
  EXPECT_EQ(distrusted, (std::vector<bool>{false, false, true}));
  service_.distrusted_signers.clear();
  EXPECT_THAT(RunHere({"list"}).out, Not(HasSubstr("SIGNER")));
}

TEST_F(AppTest, ExportSaysWhatItLeftOut) {
  const std::string file = folder_.path() + "/b.twb";
  service_.export_summary = Parse<v1::ExportSummary>(
      "winners: 3 kernels: 2 vendor_replaced: 1 vendor_only: 1 signer_not_trusted: 2 "
      "signer_unknown: 1 not_stored: 1 damaged: 1");
  const Outcome text = RunHere({"export", "-o", file});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("It has 3 winners and 2 kernels.\n"));
  EXPECT_THAT(text.out, HasSubstr("1 winner is the best template instead of a cublasLt"));
  EXPECT_THAT(text.out,
              HasSubstr("Left out 6 winners: 1 cublasLt algorithm without a sound template"));
  EXPECT_THAT(text.out, HasSubstr("; 2 whose signer is not trusted here ("));
  const Json json = Json::parse(RunHere({"export", "-o", file, "--json"}).out);
  EXPECT_EQ(json["winners"], 3);
  EXPECT_EQ(json["left_out"]["signer_not_trusted"], 2);
  EXPECT_EQ(json["left_out"]["damaged"], 1);
  // An older daemon says nothing.
  service_.export_summary.Clear();
  EXPECT_FALSE(Json::parse(RunHere({"export", "-o", file, "--json"}).out).contains("winners"));
}

TEST_F(AppTest, OneIsNoPlural) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    v1::Tuning tuning = Parse<v1::Tuning>(kTuned);
    tuning.set_legal_configs(1);
    return tuning;
  };
  EXPECT_THAT(RunHere({"tune", "gemm", "--m", "1", "--n", "1", "--k", "1"}).err,
              HasSubstr("1 config, 64 compiled"));
  const std::string file = WriteFile("one.csv", "a,nt,1,1,1\n");
  service_.create_sweep = [](const v1::CreateSweepRequest&) {
    return Parse<v1::Sweep>(
        "name: 'sweeps/one' state: WORK_STATE_FAILED done: 1 entries { label: 'a' state: "
        "WORK_STATE_FAILED error_code: 9 error_reason: 'X' error_message: 'none' }");
  };
  const Outcome sweep = RunHere({"sweep", file});
  EXPECT_THAT(sweep.err, HasSubstr("sweeps/one: 1 problem, 1 done before"));
  EXPECT_THAT(sweep.err, HasSubstr("1 of 1 problem failed"));
}

TEST_F(AppTest, TheTableOfSignersLooksLikeTheOthers) {
  service_.signers = Parse<v1::ListSignersResponse>(
      "signers { signer: 'aa' display_name: 'x' trusted: true winners: 1 } "
      "unknown_signer_winners: 1");
  const Outcome outcome = RunHere({"trust", "list"});
  EXPECT_THAT(outcome.out, StartsWith("NAME  STATE    SINCE  WINNERS  SIGNER\n"));
  EXPECT_THAT(outcome.out, HasSubstr("1 winner has no signer, because version 0.1 imported it."));
}

TEST_F(AppTest, ADryRunSaysWhatAnImportWouldDo) {
  const std::string file = WriteFile("bundle", "a bundle");
  service_.inspected = Parse<v1::InspectBundleResponse>(
      "signer { signer: 'ab' trusted: true } outcome { winners_imported: 2 kernels_imported: 1 "
      "winners_kept: 1 winners_quarantined: 3 }");
  EXPECT_THAT(RunHere({"import", file, "--dry-run"}).out,
              StartsWith("Would import 2 winners and 1 kernel; would keep 1 that is here already; "
                         "would leave out 3 whose kernels failed here. Nothing was stored.\n"));
}

// It was "Cancelled [CANCELLED]", or nothing, with the exit code of an interrupt.
TEST_F(AppTest, ACallThatTheDaemonCutsOffIsSaid) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return absl::CancelledError("");
  };
  ExpectOneErrorLine(RunHere({"get", "gemm", "--m", "1", "--n", "1", "--k", "1"}), 4,
                     "ended the call without an answer: it is stopping");
}

TEST_F(AppTest, ListOfNothingSaysHowToGoOn) {
  const Outcome outcome = RunHere({"list"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("tilewright tune gemm"));
}

TEST_F(AppTest, ExplainShowsWhatWonAndWhatLost) {
  service_.explain = [](const v1::ExplainWinnerRequest&) {
    return Parse<v1::ExplainWinnerResponse>(R"(
      legal_configs: 300
      winner { problem { gemm { m: 1 n: 1 k: 1 } } provenance: PROVENANCE_MEASURED margin: 0.25
               reason: "fastest median"
               candidate { variant { template_name: "a" } measurement { median_seconds: 1e-5 } } }
      candidates { variant { template_name: "a" } measurement { median_seconds: 1e-5 } }
      candidates { variant { template_name: "b" } measurement { median_seconds: 2e-5 }
                   dropped_early: true }
      candidates { variant { template_name: "c" }
                   failure { kind: FAILURE_KIND_WRONG_RESULT message: "off by 2\nat 0,0" } })");
  };
  const Outcome outcome = RunHere({"explain", "gemm", "--m", "1", "--n", "1", "--k", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Ahead of the runner-up by 25.0%."));
  EXPECT_THAT(outcome.out, HasSubstr("3 candidates of 300 configs; failed: 1 WRONG_RESULT"));
  EXPECT_THAT(outcome.out, HasSubstr("2.00x"));
  EXPECT_THAT(outcome.out, HasSubstr("left the race early"));
  EXPECT_THAT(outcome.out, HasSubstr("WRONG_RESULT: off by 2\n"));
}

TEST_F(AppTest, DevicesListLibrariesAndWhereTheyWereLookedFor) {
  service_.devices = Parse<v1::ListDevicesResponse>(R"(
    profiles { name: "h100-sxm" description: "H100" silicon { compute_capability: 90 } }
    libraries { library: "nvrtc" searched: "/a" searched: "/b" })");
  const Outcome outcome = RunHere({"devices"});
  EXPECT_THAT(outcome.out, HasSubstr("This machine has no GPU."));
  EXPECT_THAT(outcome.out, HasSubstr("h100-sxm  sm_90"));
  EXPECT_THAT(outcome.out, HasSubstr("not found; searched /a, /b"));
}

TEST_F(AppTest, SweepPrintsEachProblemOnceAndTheSum) {
  const std::string file = WriteFile("two.csv", "a,nt,1,1,1\nb,nt,2,2,2\n");
  v1::CreateSweepRequest seen;
  const auto sweep = [](const std::string& state_a, const std::string& state_b, int done) {
    return Parse<v1::Sweep>(
        "name: 'sweeps/two' state: WORK_STATE_" + std::string(done == 2 ? "SUCCEEDED" : "RUNNING") +
        " done: " + std::to_string(done) + " entries { label: 'a' state: " + "WORK_STATE_" +
        state_a + " winner { key: 'k' } } entries { label: " + "'b' state: WORK_STATE_" + state_b +
        " error_code: 9 error_reason: 'NO_CANDIDATE' error_message: 'none' }");
  };
  service_.create_sweep = [&](const v1::CreateSweepRequest& request) {
    seen = request;
    return sweep("RUNNING", "QUEUED", 0);
  };
  service_.sweep_updates = {sweep("SUCCEEDED", "RUNNING", 1), sweep("SUCCEEDED", "FAILED", 2)};
  const Outcome outcome = RunHere({"sweep", file, "--json"});
  EXPECT_EQ(outcome.code, 1);
  std::istringstream lines(outcome.out);
  std::vector<Json> objects;
  for (std::string line; std::getline(lines, line);) objects.push_back(Json::parse(line));
  ASSERT_EQ(objects.size(), 3u) << outcome.out;
  EXPECT_EQ(objects[0]["name"], "a");
  EXPECT_EQ(objects[1]["error"]["reason"], "NO_CANDIDATE");
  EXPECT_EQ(objects[2]["failed"], 1);
  EXPECT_THAT(seen.sweep_id(), StartsWith("two-"));
  const std::string first_id = seen.sweep_id();
  RunHere({"sweep", file});
  EXPECT_EQ(seen.sweep_id(), first_id);
  RunHere({"sweep", file, "--target", "h100-sxm"});
  EXPECT_NE(seen.sweep_id(), first_id);
}

// It ended at 1 of 2 with exit code 1 and no word why.
TEST_F(AppTest, ASweepThatDidNotFinishEndsWithAnErrorLine) {
  const std::string file = WriteFile("two.csv", "a,nt,1,1,1\nb,nt,2,2,2\n");
  const auto sweep = [](const std::string& state, const std::string& second, int done) {
    return Parse<v1::Sweep>("name: 'sweeps/two' state: WORK_STATE_" + state +
                            " done: " + std::to_string(done) +
                            " entries { label: 'a' state: WORK_STATE_SUCCEEDED winner { key: 'k' } "
                            "} entries { label: 'b' state: WORK_STATE_" +
                            second + " }");
  };
  service_.create_sweep = [&](const v1::CreateSweepRequest&) {
    return sweep("RUNNING", "QUEUED", 1);
  };
  service_.sweep_updates = {sweep("CANCELLED", "QUEUED", 1)};
  const Outcome cancelled = RunHere({"sweep", file, "--quiet"});
  EXPECT_EQ(cancelled.code, 1);
  ExpectOneErrorLine({cancelled.code, "", cancelled.err}, 1, "after 1 of 2 problems");
  EXPECT_THAT(cancelled.err, HasSubstr("[SWEEP_CANCELLED]"));
  // An entry that was cancelled is not done, whatever the sweep is called.
  service_.sweep_updates = {sweep("SUCCEEDED", "CANCELLED", 2)};
  EXPECT_EQ(RunHere({"sweep", file, "--quiet"}).code, 1);
  v1::Sweep unstored = sweep("SUCCEEDED", "SUCCEEDED", 2);
  unstored.mutable_entries(1)->set_not_stored("the disk is full");
  service_.sweep_updates = {unstored};
  const Outcome outcome = RunHere({"sweep", file, "--quiet", "--json"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.out, HasSubstr("\"not_stored\":1"));
  EXPECT_THAT(outcome.err, HasSubstr("1 of 2 winners of sweeps/two [NOT_STORED]"));
}

TEST_F(AppTest, SweepOfABadFileStartsNothing) {
  const std::string file = WriteFile("bad.csv", "a,nt,1,1,1\nb,nt,x,2,2\n");
  ExpectOneErrorLine(RunHere({"sweep", file}), 2, "bad.csv:2: m: must be a plain integer");
  ExpectOneErrorLine(RunHere({"sweep", "/nowhere.csv"}), 3, "/nowhere.csv: cannot be read");
  const std::string binary = WriteFile("binary.csv", std::string(10000, '\xff') + "\n");
  EXPECT_LT(RunHere({"sweep", binary}).err.size(), 500u);
  const std::string zero = WriteFile("zero.csv", "a,nt,1,1,1\nb,nt,0,2,2\n");
  ExpectOneErrorLine(RunHere({"sweep", zero}), 2, "zero.csv:2: m: 0 is not in [1, ");
  const std::string good = WriteFile("good.csv", "a,nt,1,1,1\n");
  ExpectOneErrorLine(RunHere({"sweep", good, "--name", "My sweep"}), 2,
                     "--name: must match [a-z0-9][a-z0-9-]{0,62}, was 'My sweep'");
  const Outcome json = RunHere({"sweep", good, "--name", "My sweep", "--json"});
  EXPECT_EQ(Json::parse(json.out)["error"]["field"], "sweep_id");
  // The name of the file was read as that of the flag --json.
  const std::string empty = WriteFile("empty.json", "");
  ExpectOneErrorLine(RunHere({"sweep", empty}), 2, "error: " + empty + ": has no problems");
}

TEST_F(AppTest, BenchWritesTheReportAndPrintsTheTable) {
  const std::string suite = WriteFile("suite.csv", "a,nt,1000,1000,1000\n");
  const std::string report = folder_.path() + "/report.json";
  service_.create_tuning = [](const v1::CreateTuningRequest&) { return Parse<v1::Tuning>(kTuned); };
  service_.explain = [](const v1::ExplainWinnerRequest&) {
    return Parse<v1::ExplainWinnerResponse>(R"(
      winner { target { silicon { name: "H100" } } }
      candidates { variant { template_name: "t" }
                   measurement { median_seconds: 2e-5 seconds: 2e-5 } }
      candidates { vendor { heuristic_rank: 0 } measurement { median_seconds: 1e-5 } })");
  };
  const Outcome outcome = RunHere({"bench", "--suite", suite, "--json", report});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0.50x"));
  const Json json = Json::parse(ReadAll(report));
  EXPECT_DOUBLE_EQ(json["results"][0]["ratio_to_best"], 0.5);
  EXPECT_EQ(json["target"]["silicon"]["name"], "H100");
  EXPECT_EQ(json["results"][0]["templates"]["samples"][0], 2e-5);
  for (const char* key : {"date", "version", "commit", "environment", "libraries", "summary"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  const Outcome to_output = RunHere({"bench", "--suite", suite, "--json"});
  EXPECT_EQ(Json::parse(to_output.out)["summary"]["problems"], 1);
}

// A wrong row failed without line and column, and only when its turn came.
TEST_F(AppTest, BenchOfABadFileStartsNothing) {
  int tunings = 0;
  service_.create_tuning = [&](const v1::CreateTuningRequest&) {
    ++tunings;
    return Parse<v1::Tuning>(kTuned);
  };
  const std::string zero = WriteFile("zero.csv", "a,nt,1,1,1\nb,nt,0,2,2\n");
  ExpectOneErrorLine(RunHere({"bench", "--suite", zero}), 2, "zero.csv:2: m: 0 is not in [1, ");
  EXPECT_EQ(tunings, 0);
}

TEST_F(AppTest, ABenchWhoseDaemonStopsEndsWithTheRowsThatItHas) {
  const std::string suite = WriteFile("suite.csv", "a,nt,64,64,64\nb,nt,128,64,64\nc,nt,8,8,8\n");
  int tunings = 0;
  service_.create_tuning = [&](const v1::CreateTuningRequest&) -> absl::StatusOr<v1::Tuning> {
    if (++tunings == 1) return Parse<v1::Tuning>(kTuned);
    return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
  };
  service_.explain = [](const v1::ExplainWinnerRequest&) {
    return Parse<v1::ExplainWinnerResponse>(
        "winner { target { silicon { name: 'H100' } } }"
        "candidates { variant { template_name: 't' }"
        "             measurement { median_seconds: 2e-5 seconds: 2e-5 } }");
  };
  const Outcome outcome = RunHere({"bench", "--suite", suite, "--json"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(tunings, 2);
  EXPECT_EQ(Json::parse(outcome.out)["results"].size(), 1u);
  EXPECT_THAT(outcome.err, HasSubstr("the server is stopping; 1 of 3 problems were measured before"
                                     " [SERVER_STOPPING]"));
}

TEST_F(AppTest, ExportWritesTheBundleAndImportSendsIt) {
  const std::string file = folder_.path() + "/bundle";
  ASSERT_EQ(RunHere({"export", "-o", file}).code, 0);
  EXPECT_EQ(ReadAll(file), "a bundle");
  std::string received;
  service_.import_bundle = [&](const std::string& bundle) {
    received = bundle;
    return Parse<v1::ImportBundleResponse>("winners_imported: 2 kernels_imported: 1 signer: 'ab'");
  };
  const Outcome outcome = RunHere({"import", file});
  EXPECT_EQ(received, "a bundle");
  EXPECT_THAT(outcome.out, HasSubstr("Imported 2 winners and 1 kernel."));
  ExpectOneErrorLine(RunHere({"import", "/nowhere"}), 3, "/nowhere: cannot be read");
}

TEST_F(AppTest, ImportOfADamagedFileFails) {
  const std::string file = WriteFile("bundle", "damaged");
  service_.import_bundle = [](const std::string&) -> absl::StatusOr<v1::ImportBundleResponse> {
    return MakeError(absl::StatusCode::kDataLoss, "BUNDLE_DAMAGED", "the signature does not fit");
  };
  ExpectOneErrorLine(RunHere({"import", file}), 1, "the signature does not fit [BUNDLE_DAMAGED]");
}

TEST_F(AppTest, CompletionKnowsCommandsFlagsAndValues) {
  const std::string bash = RunOnly({"completion", "bash"}).out;
  EXPECT_THAT(bash, HasSubstr("'tune gemm') words='--help"));
  EXPECT_THAT(bash, HasSubstr("'help') words='serve tune"));
  EXPECT_THAT(bash, HasSubstr("'tune gemm --activation') COMPREPLY=($(compgen -W 'none relu"));
  EXPECT_THAT(RunOnly({"completion", "zsh"}).out, StartsWith("#compdef tilewright\n"));
  EXPECT_THAT(RunOnly({"completion", "fish"}).out,
              HasSubstr("-n '__fish_use_subcommand' -f -a tune"));
  ExpectOneErrorLine(RunOnly({"completion", "tcsh"}), 2, "must be one of bash, zsh, fish");
}

}  // namespace
}  // namespace tilewright::cli
