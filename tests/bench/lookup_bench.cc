// lookup_bench [--json] [--check]: a look-up that hits, against the least a gRPC callback
// server can do with the same bytes, over Unix sockets in one process. Rounds of the two
// alternate and ratios are taken within a round, so that what slows the machine down slows both.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"
#include "server/daemon_server.h"
#include "server/operation/heap.h"
#include "tests/bench/echo_server.h"
#include "tests/bench/load_client.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/server/winner_fixture.h"
#include "tuner/store/database/sqlite_store.h"

namespace tilewright {
namespace {

constexpr int kRounds = 12;
constexpr int kInFlight = 16;
constexpr absl::Duration kSlice = absl::Milliseconds(300);

double Quantile(std::vector<double> values, double quantile) {
  const std::size_t at = static_cast<std::size_t>(quantile * (values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[at];
}

double Median(const std::vector<double>& values) { return Quantile(values, 0.5); }

struct Side {
  LoadClient client;
  std::vector<double> all_seconds;
  std::vector<double> round_p50;
  std::vector<double> round_rate;

  absl::Status MeasureLatency() {
    ASSIGN_OR_RETURN(const std::vector<double> seconds, client.Latencies(kSlice));
    round_p50.push_back(Median(seconds));
    all_seconds.insert(all_seconds.end(), seconds.begin(), seconds.end());
    return absl::OkStatus();
  }

  absl::Status MeasureThroughput() {
    ASSIGN_OR_RETURN(const double rate, client.Throughput(kInFlight, kSlice));
    round_rate.push_back(rate);
    return absl::OkStatus();
  }

  nlohmann::ordered_json Figures() const {
    return {{"p50_seconds", Median(all_seconds)},
            {"p99_seconds", Quantile(all_seconds, 0.99)},
            {"calls", all_seconds.size()},
            {"calls_per_second", Median(round_rate)}};
  }
};

double MedianRatio(const std::vector<double>& ours, const std::vector<double>& echo) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / echo[i]);
  return Median(ratios);
}

// Who goes first alternates, too.
absl::Status Measure(Side& ours, Side& echo) {
  RETURN_IF_ERROR(ours.client.Latencies(kSlice).status());
  RETURN_IF_ERROR(echo.client.Latencies(kSlice).status());
  for (int round = 0; round < kRounds; ++round) {
    Side& first = round % 2 == 0 ? ours : echo;
    Side& second = round % 2 == 0 ? echo : ours;
    RETURN_IF_ERROR(first.MeasureLatency());
    RETURN_IF_ERROR(second.MeasureLatency());
    RETURN_IF_ERROR(first.MeasureThroughput());
    RETURN_IF_ERROR(second.MeasureThroughput());
  }
  return absl::OkStatus();
}

void Print(const nlohmann::ordered_json& result, bool json) {
  if (json) {
    std::printf("%s\n", result.dump().c_str());
    return;
  }
  for (const char* side : {"lookup", "echo"}) {
    const auto& figures = result[side];
    std::printf("%-7s p50 %7.1f us   p99 %7.1f us   %8.0f a second\n", side,
                figures["p50_seconds"].get<double>() * 1e6,
                figures["p99_seconds"].get<double>() * 1e6,
                figures["calls_per_second"].get<double>());
  }
  std::printf("ratio   p50 %7.3f (at most 1.3)   throughput %.3f (at least 0.8)\n",
              result["p50_ratio"].get<double>(), result["throughput_ratio"].get<double>());
}

constexpr char kUsage[] =
    "usage: lookup_bench [--json] [--check]\n"
    "  --json   one JSON object\n"
    "  --check  exit with 1 where p50_ratio is above 1.3 or throughput_ratio below 0.8\n";
constexpr double kMostP50Ratio = 1.3;
constexpr double kLeastThroughputRatio = 0.8;

// Whether the limits were kept.
absl::StatusOr<bool> Run(const std::string& folder, bool json) {
  ASSIGN_OR_RETURN(const auto store, SqliteStore::Open(folder));
  FakeCompiler compiler;
  FakeProfiler profiler;
  profiler.SetDevices({});
  RealClock clock;
  WinnerIndex index;
  const std::string profile = "h100-sxm";
  ASSIGN_OR_RETURN(const ResolvedTarget target,
                   DeviceTable(compiler, profiler).Resolve(profile, 0));
  const v1::Problem problem = GemmProblemOf(8192, 6144, 4096);
  RETURN_IF_ERROR(PutWinner({.problem = problem, .target = target.target}, *store, index).status());
  Tuner tuner(compiler, profiler, *store, index, clock);
  const std::string socket = absl::StrCat(folder, "/lookup.sock");
  ASSIGN_OR_RETURN(const auto server,
                   DaemonServer::Start({.socket = socket, .cache_dir = folder},
                                       {compiler, profiler, *store, index, tuner, clock}));
  v1::GetKernelRequest request;
  *request.mutable_problem() = problem;
  request.set_target(profile);
  request.set_mode(v1::LOOKUP_MODE_BEST_AVAILABLE);
  const std::string request_bytes = request.SerializeAsString();
  Side ours{LoadClient(socket, request_bytes)};
  ASSIGN_OR_RETURN(const std::string reply, ours.client.Ask());
  const std::string echo_socket = absl::StrCat(folder, "/echo.sock");
  const EchoServer echo_server(echo_socket, reply);
  if (!echo_server.started()) return absl::InternalError("the echo server did not start");
  Side echo{LoadClient(echo_socket, request_bytes)};
  RETURN_IF_ERROR(Measure(ours, echo));
  const double p50_ratio = MedianRatio(ours.round_p50, echo.round_p50);
  const double throughput_ratio = MedianRatio(ours.round_rate, echo.round_rate);
  Print({{"p50_ratio", p50_ratio},
         {"throughput_ratio", throughput_ratio},
         {"request_bytes", request_bytes.size()},
         {"response_bytes", reply.size()},
         {"in_flight", kInFlight},
         {"rounds", kRounds},
         {"lookup", ours.Figures()},
         {"echo", echo.Figures()}},
        json);
  return p50_ratio <= kMostP50Ratio && throughput_ratio >= kLeastThroughputRatio;
}

int Main(int argc, char** argv) {
  bool json = false;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--check") {
      check = true;
    } else {
      const bool help = flag == "--help";
      std::fputs(kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  KeepFreedMemory();  // As tilewrightd does.
  char folder[] = "/tmp/tilewright-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    std::perror("lookup_bench: mkdtemp");
    return 1;
  }
  const absl::StatusOr<bool> kept = Run(folder, json);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (kept.ok()) return check && !*kept ? 1 : 0;
  std::fprintf(stderr, "lookup_bench: %s\n", std::string(kept.status().message()).c_str());
  return 1;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) { return tilewright::Main(argc, argv); }
