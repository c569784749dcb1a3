// A disk that takes no write: what is stored is served after a start too, and a tuning's
// winner is served though it cannot be stored.
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/store/store_fixtures.h"
#include "tuner/store/cache_directory.h"
#include "tuner/store/sqlite_store.h"
#include "tuner/tuner.h"

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

// From now on no file of this process can grow.
void FillTheDisk() {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {0, 0};
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
  REQUIRE_IN_CHILD(ReasonOf((*store)->writable()) == "DISK_FULL");
  REQUIRE_IN_CHILD(CountWinners(**store) == winners);
  REQUIRE_IN_CHILD(ReasonOf(Put(**store, {}).status()) == "DISK_FULL");
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
        std::_Exit(ReasonOf(status) == "DISK_FULL" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
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

TEST(FullDiskTest, AFileThatMayNotBeOpenedIsNoFullDisk) {
  for (const int error : {ENOSPC, EDQUOT, EROFS, EFBIG}) {
    EXPECT_EQ(ReasonOf(CacheFileError("cannot open", "/c/db", error)), "DISK_FULL");
  }
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
