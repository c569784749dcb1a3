// A disk that takes no write: what is stored is served after a start too, and a tuning's
// winner is served though it cannot be stored.
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/search/tuner.h"
#include "tuner/store/database/cache_directory.h"
#include "tuner/store/database/restore.h"
#include "tuner/store/database/sqlite_connection.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

// Ends this process, a child of the test's, with what was found.
#define REQUIRE_IN_CHILD(condition)                       \
  do {                                                    \
    if (!(condition)) {                                   \
      std::fprintf(stderr, "not true: %s\n", #condition); \
      std::_Exit(1);                                      \
    }                                                     \
  } while (false)

// From now on no file of this process can grow above `bytes`.
void FillTheDisk(rlim_t bytes = 0) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {bytes, bytes};
  REQUIRE_IN_CHILD(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

int CountWinners(SqliteStore& store) {
  int count = 0;
  REQUIRE_IN_CHILD(store
                       .ForEachWinner([&](const PackedWinner& winner) {
                         REQUIRE_IN_CHILD(!winner.content_hash.empty());
                         REQUIRE_IN_CHILD(store.GetCubin(std::string(winner.content_hash)).ok());
                         ++count;
                       })
                       .ok());
  return count;
}

void StartAndServe(const std::string& cache, int winners) {
  FillTheDisk();
  auto store = SqliteStore::Open(cache);
  if (!store.ok()) std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
  REQUIRE_IN_CHILD(store.ok());
  REQUIRE_IN_CHILD(ReasonOf((*store)->writable()) == "FILE_SIZE_LIMIT");
  REQUIRE_IN_CHILD(CountWinners(**store) == winners);
  REQUIRE_IN_CHILD(ReasonOf(Put(**store, {}).status()) == "FILE_SIZE_LIMIT");
  REQUIRE_IN_CHILD((*store)->Stats()->winners() == winners);
  store->reset();
  std::_Exit(0);
}

TEST(FullDiskTest, AStartServesWhatIsStored) {
  const TemporaryDirectory directory;
  {
    auto store = SqliteStore::Open(directory / "cache").value();
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Put(*store, {.problem = Gemm(8 * i, 8, 8)}).ok());
  }
  EXPECT_EXIT(StartAndServe(directory / "cache", 3), testing::ExitedWithCode(0), "");
  auto store = SqliteStore::Open(directory / "cache").value();
  EXPECT_TRUE(store->writable().ok());
  EXPECT_TRUE(Put(*store, {}).ok());
}

TEST(FullDiskTest, AStartServesWhatAKilledDaemonLeftInTheLog) {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "copy");
  {
    auto store = SqliteStore::Open(directory / "cache").value();
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Put(*store, {.problem = Gemm(8 * i, 8, 8)}).ok());
    for (const char* file : {"tilewright.db", "tilewright.db-wal"}) {
      std::filesystem::copy_file((directory / "cache/") + file, (directory / "copy/") + file);
    }
  }
  const std::string log = ReadFile(directory / "copy/tilewright.db-wal");
  ASSERT_GT(log.size(), 0u);
  EXPECT_EXIT(StartAndServe(directory / "copy", 3), testing::ExitedWithCode(0), "");
  EXPECT_EQ(ReadFile(directory / "copy/tilewright.db-wal"), log);
  auto store = SqliteStore::Open(directory / "copy").value();
  EXPECT_EQ(Put(*store, {}).value(), 4);
}

TEST(FullDiskTest, AStartWithNothingStoredSaysSo) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(
      {
        FillTheDisk();
        const absl::Status status = SqliteStore::Open(directory / "cache").status();
        std::_Exit(ReasonOf(status) == "FILE_SIZE_LIMIT" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

// It said that the disk fails.
TEST(FullDiskTest, ARestoreSaysWhatStoppedItMidway) {
  const TemporaryDirectory directory;
  const std::string cache = directory / "cache";
  const std::string backup = directory / "backup.db";
  {
    auto store = SqliteStore::Open(cache).value();
    ASSERT_TRUE(Put(*store, {}).ok());
    ASSERT_TRUE(store->Backup(backup).ok());
  }
  ASSERT_GT(std::filesystem::file_size(backup), 8192u);
  EXPECT_EXIT(
      {
        FillTheDisk(8192);
        const absl::Status status = RestoreDatabase(cache, backup, absl::Now()).status();
        std::fprintf(stderr, "%s\n", status.ToString().c_str());
        std::_Exit(ReasonOf(status) == "FILE_SIZE_LIMIT" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "cannot write .*restoring: File too large: .*ulimit -f");
  EXPECT_FALSE(std::filesystem::exists(cache + "/tilewright.db.restoring"));
  EXPECT_EQ(SqliteStore::Open(cache).value()->Stats()->winners(), 1);
}

TEST(FullDiskTest, AWinnerThatCannotBeStoredIsServed) {
  const TemporaryDirectory directory;
  auto store = SqliteStore::Open(directory / "cache", {.max_database_bytes = 1 << 17}).value();
  absl::Status status;
  for (int i = 1; i < 1000 && status.ok(); ++i) {
    status = Put(*store, {.problem = Gemm(i, 8, 8), .cubin = std::to_string(i)}).status();
  }
  ASSERT_EQ(ReasonOf(status), "DISK_FULL");
  v1::Failure failure;
  failure.set_kind(v1::FAILURE_KIND_TIMEOUT);
  status = absl::OkStatus();
  for (int i = 1; i < 1000 && status.ok(); ++i) {
    status = store->Quarantine(Sha256(std::to_string(i)), "silicon", "problem", failure);
  }
  ASSERT_EQ(ReasonOf(status), "DISK_FULL");

  FakeCompiler compiler;
  FakeProfiler profiler;
  FakeClock clock;
  WinnerIndex index;
  Tuner tuner(compiler, profiler, *store, index, clock);
  TuneRequest request;
  request.problem = Gemm(4096, 4096, 4096);
  *request.target.mutable_silicon() = FakeProfiler::Hopper().target().silicon();
  request.target.mutable_environment()->set_nvrtc_version("13.0");
  request.device_ordinal = 0;
  request.options.set_max_candidates(12);
  int calls = 0;
  profiler.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    if (++calls == 2) return FakeCompiler::Failed(v1::FAILURE_KIND_TIMEOUT, "endless");
    return 1e-3;
  });
  const Cancellation cancellation;
  const auto result = tuner.Tune(request, cancellation, [](const v1::TuningProgress&) {});
  ASSERT_TRUE(result.ok()) << result.status();
  const v1::Winner& winner = result->winner.winner;
  EXPECT_EQ(winner.epoch(), 0);
  EXPECT_NE(winner.reason().find("not stored: the cache cannot be written"), std::string::npos)
      << winner.reason();
  const auto kernel = tuner.LoadKernel(result->winner);
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_EQ(Sha256(kernel->cubin()), kernel->content_hash());
  IndexQuery query{request.problem, request.target.silicon(), request.target.environment()};
  EXPECT_EQ(index.Find(query).match, v1::MATCH_EXACT);
}

struct Fault {
  int error;
  const char* reason;
  const char* advice;
};

constexpr Fault kFaults[] = {
    {ENOSPC, "DISK_FULL", "free some space"},     {EDQUOT, "DISK_QUOTA", "quota"},
    {EFBIG, "FILE_SIZE_LIMIT", "ulimit -f"},      {EMFILE, "NO_DESCRIPTOR", "ulimit -n"},
    {ENFILE, "NO_DESCRIPTOR", "ulimit -n"},       {ENOMEM, "OUT_OF_MEMORY", "memory"},
    {EROFS, "READ_ONLY", "mounted read-only"},    {EIO, "DISK_FAILING", "dmesg"},
    {EACCES, "CACHE_UNUSABLE", "owner and mode"}, {EPERM, "CACHE_UNUSABLE", "owner and mode"},
    {ENOTDIR, "CACHE_UNUSABLE", "name another"}};

TEST(FullDiskTest, EachFaultOfAFileHasItsReasonAndItsAdvice) {
  for (const Fault& fault : kFaults) {
    const absl::Status status = CacheFileError("cannot open", "/c/db", fault.error);
    EXPECT_EQ(ReasonOf(status), fault.reason);
    EXPECT_NE(status.message().find(std::strerror(fault.error)), absl::string_view::npos) << status;
    EXPECT_NE(status.message().find(fault.advice), absl::string_view::npos) << status;
  }
}

TEST(FullDiskTest, EachFaultOfTheDatabaseHasItsReason) {
  const auto reason = [](int code, int system_error) {
    return ReasonOf(StatusFromSqlite(SQLite::Exception("failed", code), system_error));
  };
  for (const Fault& fault : kFaults) {
    const std::string expected =
        fault.reason == std::string("CACHE_UNUSABLE") ? "DATABASE_UNWRITABLE" : fault.reason;
    EXPECT_EQ(reason(SQLITE_CANTOPEN, fault.error), expected);
    const bool is_of_writes = fault.error != ENOTDIR;
    EXPECT_EQ(reason(SQLITE_IOERR_WRITE, fault.error), is_of_writes ? expected : "DISK_FAILING");
  }
  EXPECT_EQ(reason(SQLITE_CANTOPEN, 0), "DATABASE_UNWRITABLE");
  EXPECT_EQ(reason(SQLITE_IOERR_FSYNC, 0), "DISK_FAILING");
  // What errno was before says nothing of an error that has no system call.
  EXPECT_EQ(reason(SQLITE_IOERR_SHORT_READ, ENOENT), "DISK_FAILING");
  EXPECT_EQ(reason(SQLITE_FULL, 0), "DISK_FULL");
  EXPECT_EQ(reason(SQLITE_NOMEM, 0), "OUT_OF_MEMORY");
  EXPECT_EQ(reason(SQLITE_READONLY, 0), "READ_ONLY");
  EXPECT_EQ(reason(SQLITE_READONLY, EACCES), "DATABASE_UNWRITABLE");
  EXPECT_EQ(reason(SQLITE_BUSY, 0), "DATABASE_BUSY");
  EXPECT_EQ(reason(SQLITE_MISUSE, 0), "DATABASE_ERROR");
}

// They all were said to be of a filesystem that is mounted read-only.
TEST(FullDiskTest, WhatMayOnlyBeReadIsSaidAsItIs) {
  const auto status_of = [](int code, int system_error) {
    return StatusFromSqlite(SQLite::Exception("failed", code), system_error);
  };
  const struct {
    int code;
    const char* reason;
    const char* advice;
  } kCauses[] = {
      {SQLITE_READONLY, "READ_ONLY", "opened only for reading"},
      {SQLITE_READONLY_DIRECTORY, "READ_ONLY", "its directory cannot be written to"},
      {SQLITE_READONLY_DBMOVED, "DATABASE_UNWRITABLE", "moved or removed"},
      {SQLITE_READONLY_CANTINIT, "DATABASE_UNWRITABLE", "tilewright.db-shm"},
      {SQLITE_READONLY_CANTLOCK, "DATABASE_UNWRITABLE", "tilewright.db-shm"},
      {SQLITE_READONLY_RECOVERY, "DATABASE_UNWRITABLE", "tilewright.db-shm"},
      {SQLITE_READONLY_ROLLBACK, "DATABASE_UNWRITABLE", "undone"},
  };
  for (const auto& cause : kCauses) {
    const absl::Status status = status_of(cause.code, 0);
    SCOPED_TRACE(status.ToString());
    EXPECT_EQ(ReasonOf(status), cause.reason);
    EXPECT_NE(status.message().find(cause.advice), absl::string_view::npos);
    EXPECT_EQ(status.message().find("mounted read-only:"), absl::string_view::npos);
    const absl::Status mounted = status_of(cause.code, EROFS);
    EXPECT_EQ(ReasonOf(mounted), "READ_ONLY");
    EXPECT_NE(mounted.message().find("mounted read-only"), absl::string_view::npos) << mounted;
    const absl::Status forbidden = status_of(cause.code, EACCES);
    EXPECT_EQ(ReasonOf(forbidden), "DATABASE_UNWRITABLE");
    EXPECT_NE(forbidden.message().find("owner and mode"), absl::string_view::npos) << forbidden;
  }
}

absl::StatusOr<int> ReadThatThrows(int code, int system_error) {
  using Result = absl::StatusOr<int>;
  return ReadAtBorder("row", Result(7), [&]() -> Result {
    if (system_error != 0) errno = system_error;
    throw SQLite::Exception("failed", code);
  });
}

TEST(FullDiskTest, AReadThatFailsSaysWhy) {
  const absl::Status status = ReadThatThrows(SQLITE_CANTOPEN, EMFILE).status();
  EXPECT_EQ(ReasonOf(status), "NO_DESCRIPTOR");
  EXPECT_NE(status.message().find("cannot be read"), absl::string_view::npos) << status;
  errno = EMFILE;
  EXPECT_EQ(ReasonOf(ReadThatThrows(SQLITE_CANTOPEN, 0).status()), "DATABASE_UNWRITABLE")
      << "errno was there before";
  EXPECT_EQ(ReadThatThrows(SQLITE_CORRUPT, 0).value_or(0), 7);
  EXPECT_EQ(ReadThatThrows(SQLITE_IOERR_READ, EIO).value_or(0), 7);
  EXPECT_EQ(ReasonOf(ReadThatThrows(SQLITE_IOERR_NOMEM, 0).status()), "OUT_OF_MEMORY");
}

// Sets errno, as what is closed while an exception is on its way may.
struct Closer {
  ~Closer() { errno = EBADF; }
};

// The log cannot be opened by the first statement that needs it.
void ReadWithoutDescriptors(const std::string& path) {
  const absl::Status status = AtBorder([&]() -> absl::Status {
    const Closer closer;
    SqliteConnection connection(path, SqliteConnection::Mode::kReadOnly);
    const int next = ::dup(0);
    const rlimit limit = {static_cast<rlim_t>(next), static_cast<rlim_t>(next)};
    ::close(next);
    REQUIRE_IN_CHILD(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    connection.Use("SELECT count(*) FROM winners").Next();
    return absl::OkStatus();
  });
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::_Exit(ReasonOf(status) == "NO_DESCRIPTOR" ? 0 : 1);
}

// A scan of all winners has a connection of its own.
void ScanWithoutDescriptors(const std::string& cache) {
  const auto store = SqliteStore::Open(cache).value();
  const int next = ::dup(0);
  const rlimit limit = {static_cast<rlim_t>(next), static_cast<rlim_t>(next)};
  ::close(next);
  REQUIRE_IN_CHILD(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const absl::Status status = store->ForEachWinner([](const PackedWinner&) {});
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  const bool is_read = status.message().find("cannot be read") != absl::string_view::npos;
  std::_Exit(ReasonOf(status) == "NO_DESCRIPTOR" && is_read ? 0 : 1);
}

TEST(FullDiskTest, AScanThatFailsIsNoFailedWrite) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(ScanWithoutDescriptors(directory / "cache"), testing::ExitedWithCode(0), "");
}

TEST(FullDiskTest, WhatIsClosedOnTheWayDoesNotHideTheCause) {
  const TemporaryDirectory directory;
  auto store = SqliteStore::Open(directory / "cache").value();
  ASSERT_TRUE(Put(*store, {}).ok());
  EXPECT_EXIT(ReadWithoutDescriptors(directory / "cache/tilewright.db"), testing::ExitedWithCode(0),
              "");
}

TEST(FullDiskTest, AFileThatMayNotBeOpenedIsNoFullDisk) {
  for (const int error : {EACCES, ELOOP, EISDIR}) {
    const absl::Status status = CacheFileError("cannot open", "/c/db", error);
    EXPECT_EQ(ReasonOf(status), "CACHE_UNUSABLE");
    EXPECT_NE(status.message().find("cannot open /c/db"), absl::string_view::npos);
  }
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "cache");
  std::filesystem::create_symlink("elsewhere", directory / "cache/tilewright.db");
  EXPECT_EQ(ReasonOf(SqliteStore::Open(directory / "cache").status()), "CACHE_UNUSABLE");
}

}  // namespace
}  // namespace tilewright
