// A database and its write-ahead log, as a killed daemon leaves them, with bytes and pages changed.
// The store opens it all the same, serves nothing that is not whole, and stores what is new.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "proto/support/sha256.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kStepBytes = 8;
constexpr int kWinners = 10;

RecordSpec Spec(int i) {
  return {.problem = Gemm(8 * (i + 1), 64, 64), .cubin = "cubin " + std::to_string(i)};
}

// In memory where that can be: a run takes two dozen flushes to the disk.
std::string MakeFolder() {
  std::string folder = fs::is_directory("/dev/shm") ? "/dev/shm/tilewright-fuzz-XXXXXX"
                                                    : "/tmp/tilewright-fuzz-XXXXXX";
  TILEWRIGHT_FUZZ_CHECK(mkdtemp(folder.data()) != nullptr);
  return folder;
}

struct Files {
  std::string database;
  std::string log;
};

// Half of the winners in the database, the others in its log.
const Files& Sound() {
  static const auto* const files = [] {
    const std::string folder = MakeFolder();
    const std::string path = folder + "/cache/tilewright.db";
    {
      auto store = SqliteStore::Open(folder + "/cache").value();
      for (int i = 0; i < kWinners / 2; ++i) TILEWRIGHT_FUZZ_CHECK(Put(*store, Spec(i)).ok());
    }
    auto store = SqliteStore::Open(folder + "/cache").value();
    for (int i = kWinners / 2; i < kWinners; ++i) {
      TILEWRIGHT_FUZZ_CHECK(Put(*store, Spec(i)).ok());
    }
    auto* const sound = new Files{ReadFile(path), ReadFile(path + "-wal")};
    store.reset();
    fs::remove_all(folder);
    return sound;
  }();
  return *files;
}

std::uint32_t Number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// One step: which file and what, where (3 bytes), and with what (4 bytes).
void Change(std::string_view step, Files& files) {
  const unsigned kind = static_cast<unsigned char>(step[0]);
  std::string& file = (kind & 1) != 0 ? files.log : files.database;
  if (file.empty()) return;
  const std::size_t at = Number(step, 1, 3) % file.size();
  const std::uint32_t with = Number(step, 4, 4);
  const std::size_t page = at / kPage * kPage;
  const std::size_t length = std::min(kPage, file.size() - page);
  switch (kind / 2 % 6) {
    case 0:  // A bit.
      file[at] = static_cast<char>(file[at] ^ (1u << with % 8));
      return;
    case 1:  // A byte.
      file[at] = static_cast<char>(with);
      return;
    case 2:  // A run of bytes.
      file.replace(at, std::min<std::size_t>(with % 64 + 1, file.size() - at),
                   std::min<std::size_t>(with % 64 + 1, file.size() - at),
                   static_cast<char>(with >> 8));
      return;
    case 3:  // A page of one byte.
      file.replace(page, length, length, static_cast<char>(with));
      return;
    case 4: {  // A page in the place of another.
      const std::string other = file.substr(with % file.size() / kPage * kPage, kPage);
      file.replace(page, std::min(length, other.size()), other, 0, std::min(length, other.size()));
      return;
    }
    default:  // Cut off, seldom: most of what follows is lost.
      if (with % 8 == 0) file.resize(at);
  }
}

const std::string& Folder() {
  static const auto* const folder = new std::string(MakeFolder());
  return *folder;
}

// Whether the store opened it.
bool Run(std::string_view input) {
  Files files = Sound();
  constexpr std::size_t kMostSteps = 16;
  for (std::size_t i = 0; i < kMostSteps && (i + 1) * kStepBytes <= input.size(); ++i) {
    Change(input.substr(i * kStepBytes, kStepBytes), files);
  }
  const std::string cache = Folder() + "/cache";
  fs::remove_all(cache);
  TILEWRIGHT_FUZZ_CHECK(MakePrivateDirectory(cache).ok());
  WriteFile(cache + "/tilewright.db", files.database);
  if (!files.log.empty()) WriteFile(cache + "/tilewright.db-wal", files.log);

  auto store = SqliteStore::Open(cache);
  if (!store.ok()) {
    // A version that is not ours, as one byte of the header says: refused, and not touched.
    std::fprintf(
        stderr, "%s",
        ReasonOf(store.status()) == "SCHEMA_TOO_NEW" ? "" : store.status().ToString().c_str());
    TILEWRIGHT_FUZZ_CHECK(ReasonOf(store.status()) == "SCHEMA_TOO_NEW");
    return false;
  }
  WinnerIndex index;
  TILEWRIGHT_FUZZ_CHECK(index.Load(**store).ok());
  for (const auto& winner : index.List(0, 1000)) {
    const TuningRecord same = MakeRecord({.problem = winner->winner.problem()});
    TILEWRIGHT_FUZZ_CHECK(winner->problem_encoding == same.winner.problem_encoding);
    const auto cubin = (*store)->GetCubin(winner->kernel.content_hash());
    TILEWRIGHT_FUZZ_CHECK(!cubin.ok() || Sha256(*cubin) == winner->kernel.content_hash());
    const int number = static_cast<int>(winner->winner.problem().gemm().m() / 8 - 1);
    TILEWRIGHT_FUZZ_CHECK(winner->kernel.content_hash() == Sha256(Spec(number).cubin));
  }
  const auto epoch = Put(**store, Spec(100));
  if (!epoch.ok()) std::fprintf(stderr, "%s\n", epoch.status().ToString().c_str());
  TILEWRIGHT_FUZZ_CHECK(epoch.ok());
  store->reset();
  auto again = SqliteStore::Open(cache);
  TILEWRIGHT_FUZZ_CHECK(again.ok());
  const TuningRecord put = MakeRecord(Spec(100));
  TILEWRIGHT_FUZZ_CHECK((*again)
                            ->GetTuning(put.winner.problem_encoding, put.winner.silicon_key,
                                        put.winner.environment_key)
                            .ok());
  return true;
}

std::string Step(int kind, int at, int with) {
  std::string step;
  step += static_cast<char>(kind);
  for (int shift = 16; shift >= 0; shift -= 8) step += static_cast<char>(at >> shift);
  for (int shift = 24; shift >= 0; shift -= 8) step += static_cast<char>(with >> shift);
  return step;
}

}  // namespace

FuzzTarget MakeFuzzTarget() {
  spdlog::set_level(spdlog::level::off);
  FuzzTarget target;
  target.seeds = {"",
                  Step(0, 100, 3),
                  Step(1, 70000, 3),
                  Step(3, 9, 200),
                  Step(6, 40000, 0xa5),
                  Step(8, 8192, 30000),
                  Step(0, 3000, 1) + Step(1, 5000, 2) + Step(5, 20000, 7)};
  for (int page = 0; page < 24; ++page) {
    target.seeds.push_back(Step(page % 2 == 0 ? 2 : 3, page * 5003, page * 77));
  }
  target.run = Run;
  return target;
}

}  // namespace tilewright
