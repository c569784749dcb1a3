#include "server/operation/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

// Layers with an environment of their own and no file but the one given.
class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    layers_.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
    environment_["HOME"] = ::testing::TempDir() + "home-of-nobody";
  }

  std::string WriteFile(const std::string& text) {
    const std::string path = ::testing::TempDir() + "config_test.toml";
    FILE* file = fopen(path.c_str(), "w");
    fputs(text.c_str(), file);
    fclose(file);
    return path;
  }

  std::string ErrorOf(const absl::StatusOr<Config>& config) {
    EXPECT_FALSE(config.ok());
    return std::string(config.status().message());
  }

  std::map<std::string, std::string> environment_;
  ConfigLayers layers_;
};

TEST_F(ConfigTest, HasDefaults) {
  const auto config = LoadConfig(layers_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->cache_dir, environment_["HOME"] + "/.cache/tilewright");
  EXPECT_EQ(config->socket, config->cache_dir + "/tilewrightd.sock");
  EXPECT_EQ(config->idle_timeout, absl::ZeroDuration());
  EXPECT_EQ(config->metrics_port, 0);
  EXPECT_EQ(config->max_queue, 256);
}

TEST_F(ConfigTest, CacheFollowsXdg) {
  environment_["XDG_CACHE_HOME"] = "/x";
  EXPECT_EQ(LoadConfig(layers_)->cache_dir, "/x/tilewright");
}

TEST_F(ConfigTest, EnvironmentIsOverFile) {
  layers_.config_file = WriteFile("max_queue = 7\nmetrics_port = 9100\n");
  environment_["TILEWRIGHT_MAX_QUEUE"] = "8";
  const auto config = LoadConfig(layers_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->max_queue, 8);
  EXPECT_EQ(config->metrics_port, 9100);
}

TEST_F(ConfigTest, FlagsAreOverEverything) {
  layers_.config_file = WriteFile("max_queue = 7\n");
  environment_["TILEWRIGHT_MAX_QUEUE"] = "8";
  layers_.flags["max_queue"] = "9";
  EXPECT_EQ(LoadConfig(layers_)->max_queue, 9);
}

TEST_F(ConfigTest, EmptyVariableIsUnset) {
  layers_.config_file = WriteFile("max_queue = 7\n");
  environment_["TILEWRIGHT_MAX_QUEUE"] = "";
  EXPECT_EQ(LoadConfig(layers_)->max_queue, 7);
}

TEST_F(ConfigTest, FileIsFoundBesideOtherConfiguration) {
  const std::string folder = ::testing::TempDir() + "config_home";
  ASSERT_EQ(0, system(("mkdir -p " + folder + "/tilewright").c_str()));
  FILE* file = fopen((folder + "/tilewright/tilewrightd.toml").c_str(), "w");
  fputs("max_queue = 3\n", file);
  fclose(file);
  environment_["XDG_CONFIG_HOME"] = folder;
  EXPECT_EQ(LoadConfig(layers_)->max_queue, 3);
}

TEST_F(ConfigTest, NamedFileMustExist) {
  layers_.config_file = "/nowhere/at-all.toml";
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("/nowhere/at-all.toml: cannot be read"));
}

TEST_F(ConfigTest, UnknownKeyIsNamedWithItsLine) {
  layers_.config_file = WriteFile("max_queue = 7\n\nmax_queu = 8\n");
  const std::string error = ErrorOf(LoadConfig(layers_));
  EXPECT_THAT(error, HasSubstr("config_test.toml:3: "));
  EXPECT_THAT(error, HasSubstr("'max_queu'"));
}

TEST_F(ConfigTest, BadValueIsNamedWithItsPlace) {
  layers_.config_file = WriteFile("\nmax_queue = \"many\"\n");
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)),
              HasSubstr("config_test.toml:2: max_queue: 'many' is not a whole number"));
  layers_.config_file = WriteFile("");
  environment_["TILEWRIGHT_METRICS_PORT"] = "65536";
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("TILEWRIGHT_METRICS_PORT: '65536'"));
  environment_.erase("TILEWRIGHT_METRICS_PORT");
  layers_.flags["log_level"] = "loud";
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("--log-level: 'loud'"));
}

TEST_F(ConfigTest, MalformedFileIsNamedWithItsLine) {
  layers_.config_file = WriteFile("max_queue = 1\nmax_queue 2\n");
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("config_test.toml:2: "));
}

TEST_F(ConfigTest, TablesAreNoValues) {
  layers_.config_file = WriteFile("[max_queue]\na = 1\n");
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("expected a string, a number"));
}

TEST_F(ConfigTest, DurationsAreSecondsOrHaveUnits) {
  for (const auto& [text, seconds] :
       std::map<std::string, double>{{"0", 0}, {"90", 90}, {"1.5", 1.5}, {"5m", 300}}) {
    layers_.flags["idle_timeout"] = text;
    EXPECT_EQ(LoadConfig(layers_)->idle_timeout, absl::Seconds(seconds)) << text;
  }
  for (const char* text : {"-1", "soon", "nan", "inf", "1e300", ""}) {
    layers_.flags["idle_timeout"] = text;
    EXPECT_FALSE(LoadConfig(layers_).ok()) << text;
  }
}

TEST_F(ConfigTest, SocketPathMustFit) {
  layers_.flags["socket"] = "/" + std::string(107, 'x');
  const auto config = LoadConfig(layers_);
  EXPECT_EQ(ReasonOf(config.status()), "SOCKET_PATH_TOO_LONG");
  layers_.flags["socket"] = "/" + std::string(106, 'x');
  EXPECT_TRUE(LoadConfig(layers_).ok());
}

TEST_F(ConfigTest, NoHomeIsAnError) {
  environment_.clear();
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("--cache-dir"));
}

TEST(CommandLine, GivesFlagsBySettingName) {
  const char* arguments[] = {"tilewrightd", "--max-queue", "5", "--cache-dir=/c"};
  const CommandLine line = ParseCommandLine(4, arguments);
  EXPECT_FALSE(line.message.has_value());
  EXPECT_EQ(line.layers.flags,
            (std::map<std::string, std::string>{{"max_queue", "5"}, {"cache_dir", "/c"}}));
}

// `tilewright --cache-dir /a serve --cache-dir /b` failed, as one flag was given twice.
TEST(CommandLine, TheLastOfTwoValuesWins) {
  const char* arguments[] = {"tilewrightd", "--json",      "--cache-dir", "/a",
                             "--json",      "--cache-dir", "/b"};
  const CommandLine line = ParseCommandLine(7, arguments);
  EXPECT_TRUE(line.status.ok()) << line.status;
  EXPECT_TRUE(line.json);
  EXPECT_EQ(line.layers.flags, (std::map<std::string, std::string>{{"cache_dir", "/b"}}));
}

TEST(CommandLine, HelpAndVersionExitWell) {
  for (const char* flag : {"--help", "--version"}) {
    const char* arguments[] = {"tilewrightd", flag};
    const CommandLine line = ParseCommandLine(2, arguments);
    EXPECT_TRUE(line.message.has_value());
    EXPECT_TRUE(line.status.ok()) << line.status;
  }
}

// It was two lines in the parser's own format.
TEST(CommandLine, AnUnknownFlagIsAnErrorOfUsage) {
  const char* arguments[] = {"tilewrightd", "--tcp", "--json"};
  for (const int count : {2, 3}) {
    const CommandLine line = ParseCommandLine(count, arguments);
    EXPECT_FALSE(line.message.has_value());
    EXPECT_EQ(ReasonOf(line.status), "USAGE");
    EXPECT_THAT(std::string(line.status.message()), HasSubstr("--tcp; see `tilewrightd --help`"));
    EXPECT_EQ(line.json, count == 3);
  }
}

TEST_F(ConfigTest, AFileWithoutAnEndIsNotReadOn) {
  layers_.config_file = "/dev/zero";
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("/dev/zero: cannot be read: it is a device"));
  layers_.config_file = WriteFile(std::string((16 << 10) + 1, '\n'));
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("is larger than 16 KiB"));
  // The parser took all of the stack for the parts of one key, and the running daemon with it.
  std::string parts = "a";
  for (int i = 0; i < 200'000; ++i) parts += ".a";
  layers_.config_file = WriteFile(parts + " = 1");
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("is larger than 16 KiB"));
  layers_.config_file = WriteFile(parts.substr(0, (16 << 10) - 5) + " = 1");
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("unknown key"));
  layers_.config_file = "/dev/null";
  EXPECT_TRUE(LoadConfig(layers_).ok());
}

TEST_F(ConfigTest, ALogIsNotWrittenIntoTheDaemonsOwnFiles) {
  const std::string cache = environment_["HOME"] + "/.cache/tilewright";
  std::filesystem::create_directories(cache);
  layers_.flags = {{"log_file", cache + "/tilewright.db-wal"}};
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr("db-wal: is the daemon's own file"));
  EXPECT_EQ(ReasonOf(LoadConfig(layers_).status()), "DAEMON_FILE");
  for (const char* name : {"tilewrightd.log", "tilewrightd.out", "other.log"}) {
    layers_.flags = {{"log_file", cache + "/" + name}};
    EXPECT_TRUE(LoadConfig(layers_).ok()) << name;
  }
}

TEST_F(ConfigTest, TheNameOfTheDirectoryDoesNotPermitALog) {
  const std::string cache = ::testing::TempDir() + "tilewrightd.logs";
  for (const char* name : {"tilewright.db", "tilewrightd.lock", "tilewrightd.sock"}) {
    layers_.flags = {{"cache_dir", cache}, {"log_file", cache + "/" + name}};
    EXPECT_EQ(ReasonOf(LoadConfig(layers_).status()), "DAEMON_FILE") << name;
  }
  layers_.flags = {{"cache_dir", cache}, {"log_file", cache + "/tilewrightd.log"}};
  EXPECT_TRUE(LoadConfig(layers_).ok());
}

TEST_F(ConfigTest, ASilentPipeIsNotWaitedForWithoutAnEnd) {
  const std::string pipe = ::testing::TempDir() + "config_test.pipe";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  // Open for reading too, so that the open does not wait.
  const int writer = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  layers_.config_file = pipe;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr(pipe + ": cannot be read: it does not end"));
  // Nor one whose writer never ends.
  ASSERT_EQ(write(writer, "max_queue = 7\n", 14), 14);
  EXPECT_THAT(ErrorOf(LoadConfig(layers_)), HasSubstr(pipe + ": cannot be read: it does not end"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  ASSERT_EQ(write(writer, "max_queue = 7\n", 14), 14);
  std::thread ends([writer] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    close(writer);
  });
  const auto config = LoadConfig(layers_);
  ends.join();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->max_queue, 7);
}

}  // namespace
}  // namespace tilewright
