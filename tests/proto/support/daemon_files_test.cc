#include "proto/support/daemon_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

class DaemonFilesTest : public testing::Test {
 protected:
  DaemonFilesTest() {
    char folder[] = "/tmp/tilewright-own-XXXXXX";
    folder_ = mkdtemp(folder);
    cache_ = folder_ + "/cache";
    socket_ = folder_ + "/elsewhere.sock";
    fs::create_directory(cache_);
    for (const char* name : {"tilewright.db", "signing.key"}) Write(cache_ + "/" + name);
    Write(socket_);
  }
  ~DaemonFilesTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static void Write(const std::string& path) { std::ofstream(path) << "x"; }
  std::string At(const std::string& path) const { return DaemonFileAt(path, cache_, socket_); }

  std::string folder_;
  std::string cache_;
  std::string socket_;
};

TEST_F(DaemonFilesTest, AreKnownByTheirNamesAlsoBeforeTheyAreThere) {
  for (const char* name :
       {"tilewright.db", "tilewright.db-wal", "tilewright.db-shm", "tilewright.db.schema-3",
        "tilewright.db.damaged-2026", "tilewrightd.lock", "tilewrightd.sock", "tilewrightd.log",
        "start.lock", "signing.key", "signing.key.previous", "backup.part"}) {
    EXPECT_EQ(At(cache_ + "/" + name), cache_ + "/" + name);
    EXPECT_EQ(At(cache_ + "/../cache/./" + name), cache_ + "/" + name);
    EXPECT_EQ(At(folder_ + "/" + name), "") << "in another directory";
  }
  EXPECT_EQ(At(socket_), socket_);
}

TEST_F(DaemonFilesTest, AreKnownByLinksToThem) {
  fs::create_symlink(cache_ + "/tilewright.db", folder_ + "/link");
  fs::create_hard_link(cache_ + "/signing.key", folder_ + "/hard");
  fs::create_directory_symlink(cache_, folder_ + "/folder");
  EXPECT_EQ(At(folder_ + "/link"), cache_ + "/tilewright.db");
  EXPECT_EQ(At(folder_ + "/hard"), cache_ + "/signing.key");
  EXPECT_EQ(At(folder_ + "/folder/tilewrightd.lock"), cache_ + "/tilewrightd.lock");
}

TEST_F(DaemonFilesTest, AreKnownByAPathWithoutAFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(cache_);
  const std::string found = At("tilewright.db-wal");
  const std::string other = At("out.twb");
  fs::current_path(before);
  EXPECT_EQ(found, cache_ + "/tilewright.db-wal");
  EXPECT_EQ(other, "");
}

TEST_F(DaemonFilesTest, OfAnotherDaemonCountToo) {
  const std::string other = folder_ + "/other";
  fs::create_directory(other);
  Write(other + "/tilewright.db");
  EXPECT_EQ(At(other + "/tilewright.db"), "") << "no daemon ever served that directory";
  Write(other + "/tilewrightd.lock");
  EXPECT_EQ(At(other + "/tilewright.db"), other + "/tilewright.db");
  fs::create_hard_link(other + "/tilewright.db", folder_ + "/hard");
  EXPECT_EQ(DaemonFileAt(folder_ + "/hard", cache_, other + "/tilewrightd.sock"),
            other + "/tilewright.db");
}

// A first command starts the daemon that makes the directory, and writes its own output later.
TEST_F(DaemonFilesTest, AreKnownBeforeTheirDirectoryIsThere) {
  const std::string cache = folder_ + "/home/.cache/tilewright";
  const std::string socket = folder_ + "/run/socket";
  for (const char* name : {"tilewright.db", "tilewrightd.lock", "signing.key"}) {
    for (const char* way : {"", "/../tilewright", "/."}) {
      EXPECT_EQ(DaemonFileAt(cache + way + "/" + name, cache, socket), cache + "/" + name);
    }
  }
  EXPECT_EQ(DaemonFileAt(folder_ + "/run/../run/socket", cache, socket), socket);
  EXPECT_EQ(DaemonFileAt(cache + "/mine.twb", cache, socket), "");
  EXPECT_EQ(DaemonFileAt(folder_ + "/home/tilewright.db", cache, socket), "");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const std::string found = DaemonFileAt("home/.cache/tilewright/tilewright.db", cache, socket);
  fs::current_path(before);
  EXPECT_EQ(found, cache + "/tilewright.db");
  fs::create_directory_symlink(folder_, folder_ + "/link");
  EXPECT_EQ(DaemonFileAt(folder_ + "/link/home/.cache/tilewright/signing.key", cache, socket),
            cache + "/signing.key");
}

TEST_F(DaemonFilesTest, OtherFilesAreNone) {
  Write(cache_ + "/mine.twb");
  for (const std::string& path :
       {cache_ + "/mine.twb", cache_ + "/new.twb", cache_ + "/tilewrightd.out",
        cache_ + "/tilewrightd.log.1", cache_ + "/tilewrightd.logs/out", folder_ + "/out",
        std::string("/dev/null"), std::string("out"), folder_, std::string("/nowhere/at/all")}) {
    EXPECT_EQ(At(path), "") << path;
  }
  EXPECT_EQ(DaemonFileAt(folder_ + "/out", "/nowhere/cache", "/nowhere/cache/socket"), "");
}

}  // namespace
}  // namespace tilewright
