// How long a start takes with many winners, and how long look-ups take then. See kUsage.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

using Seconds = std::chrono::duration<double>;

double TimeOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return Seconds(std::chrono::steady_clock::now() - begin).count();
}

// All of one family, which is the hardest case of the nearest-problem search.
RecordSpec SpecOf(int i) {
  RecordSpec spec;
  spec.problem = Gemm(16 * (i % 500 + 1), 64 * (i / 500 + 1), 4096);
  spec.cubin = "cubin " + std::to_string(i % 1000);
  return spec;
}

void Fill(const std::string& directory, int winners) {
  auto store = SqliteStore::Open(directory).value();
  std::vector<std::string> cubins;
  for (int i = 0; i < 1000; ++i) cubins.push_back(SpecOf(i).cubin);
  constexpr int kBatch = 1000;
  for (int i = 0; i < winners; i += kBatch) {
    std::vector<TuningRecord> records;
    for (int j = i; j < std::min(winners, i + kBatch); ++j) {
      records.push_back(MakeRecord(SpecOf(j)));
    }
    store->PutImport(cubins, records).value();
    cubins.clear();
  }
}

// Mean seconds of a look-up of `queries`, over `count` of them.
double FindSeconds(const WinnerIndex& index, const std::vector<IndexQuery>& queries, int count,
                   v1::Match expected) {
  const double seconds = TimeOf([&] {
    for (int i = 0; i < count; ++i) {
      const IndexHit hit = index.Find(queries[static_cast<std::size_t>(i) % queries.size()]);
      if (hit.match != expected) std::abort();
    }
  });
  return seconds / count;
}

// The same on `threads` threads at once, while one more inserts without a pause.
double FindSecondsWithWriter(WinnerIndex& index, const std::vector<IndexQuery>& queries,
                             int threads, int first_new) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = first_new; !stop; ++i) {
      StoredWinner winner = MakeRecord(SpecOf(i)).winner;
      winner.winner.set_epoch(i + 1);
      index.Insert(std::move(winner));
    }
  });
  std::atomic<double> total{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < threads; ++i) {
    readers.emplace_back(
        [&] { total = total + FindSeconds(index, queries, 200'000, v1::MATCH_EXACT); });
  }
  for (std::thread& reader : readers) reader.join();
  stop = true;
  writer.join();
  return total / threads;
}

// Of the first `winners` winners; with `shift`, of problems beside theirs.
std::vector<IndexQuery> Queries(int count, int winners, int shift) {
  std::vector<IndexQuery> queries;
  for (int i = 0; i < count; ++i) {
    RecordSpec spec = SpecOf(i * 97 % winners);
    if (shift != 0) spec.problem = Gemm(16 * (i % 500) + 8 * shift, 4032, 4000);
    queries.push_back(QueryOf(spec));
  }
  return queries;
}

// What reading and verifying alone take.
double ScanSeconds(TuningStore& store) {
  return TimeOf([&] {
    if (!store.ForEachWinner([](const PackedWinner&) {}).ok()) std::abort();
  });
}

// What a load would take at least that parsed every winner.
double ParseAllSeconds(TuningStore& store) {
  return TimeOf([&] {
    const auto status = store.ForEachWinner([](const PackedWinner& packed) {
      if (!UnpackWinner(packed.epoch, packed.bytes).ok()) std::abort();
    });
    if (!status.ok()) std::abort();
  });
}

constexpr char kUsage[] =
    "usage: store_load_bench [--json] [--winners N] [--daemon] [--check]\n"
    "  --json       one JSON object\n"
    "  --winners N  winners in the store (100000)\n"
    "  --daemon     also time tilewrightd, from its start to its first answer\n"
    "  --check      exit with 1 where a start takes more than 1 s: that of the daemon where\n"
    "               it is timed, else opening and loading alone\n";
constexpr double kStartLimitSeconds = 1;

struct Options {
  bool json = false;
  int winners = 100'000;
  bool daemon = false;
  bool check = false;
};

// From the start of tilewrightd on `cache_dir` to its first answer, which counts `winners`.
double DaemonSeconds(const std::string& cache_dir, int winners) {
  std::unique_ptr<DaemonProcess> daemon;
  v1::CacheStats stats;
  const double seconds = TimeOf([&] {
    daemon = std::make_unique<DaemonProcess>(cache_dir);
    if (!daemon->AwaitServing()) {
      std::fprintf(stderr, "store_load_bench: tilewrightd did not start: %s\n",
                   daemon->log().c_str());
      std::exit(1);
    }
    const auto stub = v1::CacheService::NewStub(
        grpc::CreateChannel("unix:" + daemon->socket(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    const grpc::Status status = stub->GetCacheStats(&context, v1::GetCacheStatsRequest(), &stats);
    if (!status.ok()) {
      std::fprintf(stderr, "store_load_bench: tilewrightd does not answer: %s\n",
                   status.error_message().c_str());
      std::exit(1);
    }
  });
  if (stats.winners() != winners) std::abort();
  return seconds;
}

int Main(const Options& options) {
  const int winners = options.winners;
  const TemporaryDirectory directory;
  Fill(directory / "cache", winners);
  std::optional<double> daemon;
  if (options.daemon) daemon = DaemonSeconds(directory / "cache", winners);
  std::unique_ptr<SqliteStore> store;
  const double open = TimeOf([&] { store = SqliteStore::Open(directory / "cache").value(); });
  WinnerIndex index;
  const double load = TimeOf([&] {
    if (!index.Load(*store).ok()) std::abort();
  });
  if (index.size() != static_cast<std::size_t>(winners)) std::abort();

  const auto exact = Queries(1000, winners, 0);
  const auto near = Queries(1000, winners, 1);
  const double first = FindSeconds(index, exact, 1000, v1::MATCH_EXACT);
  nlohmann::ordered_json result;
  result["winners"] = winners;
  result["database_bytes"] = store->Stats()->database_bytes();
  if (daemon) result["daemon_start_seconds"] = *daemon;
  result["open_seconds"] = open;
  result["load_seconds"] = load;
  result["scan_seconds"] = ScanSeconds(*store);
  result["parse_all_seconds"] = ParseAllSeconds(*store);
  result["first_exact_find_nanoseconds"] = first * 1e9;
  result["exact_find_nanoseconds"] = FindSeconds(index, exact, 500'000, v1::MATCH_EXACT) * 1e9;
  result["nearest_find_microseconds"] =
      FindSeconds(index, near, 1000, v1::MATCH_NEAREST_PROBLEM) * 1e6;
  result["list_page_microseconds"] =
      TimeOf([&] { index.List(static_cast<std::size_t>(winners) / 2, 100); }) * 1e6;
  result["stats_microseconds"] = TimeOf([&] { store->Stats().value(); }) * 1e6;
  result["exact_find_with_writer_nanoseconds"] =
      FindSecondsWithWriter(index, exact, 1, winners) * 1e9;
  if (options.json) {
    std::printf("%s\n", result.dump().c_str());
  } else {
    for (const auto& [key, value] : result.items()) {
      std::printf("%-36s %s\n", key.c_str(), value.dump().c_str());
    }
  }
  return options.check && daemon.value_or(open + load) > kStartLimitSeconds ? 1 : 0;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  tilewright::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--json") {
      options.json = true;
    } else if (flag == "--winners" && i + 1 < argc) {
      options.winners = std::atoi(argv[++i]);
    } else if (flag == "--daemon") {
      options.daemon = true;
    } else if (flag == "--check") {
      options.check = true;
    } else {
      const bool help = flag == "--help";
      std::fputs(tilewright::kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  return tilewright::Main(options);
}
