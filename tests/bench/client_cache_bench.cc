// Time of GetKernel that the client's cache answers, against a service in this process that is
// asked once for each problem.
//
//   client_cache_bench [--json] [--check]
//
// Prints cache_hit_ns: the median over rounds of the mean time of a hit on one thread, over 64
// problems in turn, so that neither one map slot nor one branch history is measured; and
// cache_hit_threads_ns, the same with several threads at once.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/client/fake_service.h"
#include "tilewright/client.h"

namespace tilewright {
namespace {

constexpr char kUsage[] =
    "usage: client_cache_bench [--json] [--check]\n"
    "  --json   one JSON object\n"
    "  --check  exit with 1 where a hit on one thread takes more than 200 ns\n";
constexpr double kHitLimitNanoseconds = 200;

constexpr int kProblems = 64;
// A round is shorter than a scheduler's turn: the median is of rounds that ran undisturbed.
constexpr int kHitsPerRound = 20'000;
constexpr int kRounds = 151;

std::vector<v1::GemmProblem> Problems() {
  std::vector<v1::GemmProblem> problems(kProblems);
  for (int i = 0; i < kProblems; ++i) {
    v1::GemmProblem& problem = problems[static_cast<size_t>(i)];
    problem.set_m(4096 + 128 * i);
    problem.set_n(4096);
    problem.set_k(1024);
    problem.set_a_type(v1::DATA_TYPE_BF16);
    problem.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
    problem.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
    problem.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
    problem.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_TANH);
  }
  return problems;
}

// Mean nanoseconds of a hit in one round. Ends the process where one fails: there would be
// nothing to measure.
double RoundNanoseconds(Client& client, const std::vector<v1::GemmProblem>& problems) {
  const GetOptions options;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kHitsPerRound; ++i) {
    const auto kernel = client.GetKernel(problems[static_cast<size_t>(i % kProblems)], options);
    if (!kernel.ok()) {
      std::fprintf(stderr, "client_cache_bench: %s\n", kernel.status().ToString().c_str());
      std::exit(1);
    }
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return std::chrono::duration<double, std::nano>(elapsed).count() / kHitsPerRound;
}

double MedianNanoseconds(Client& client, const std::vector<v1::GemmProblem>& problems) {
  std::vector<double> rounds;
  for (int i = 0; i < kRounds; ++i) rounds.push_back(RoundNanoseconds(client, problems));
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

// The slowest thread's median.
double ThreadsNanoseconds(Client& client, const std::vector<v1::GemmProblem>& problems,
                          unsigned count) {
  std::vector<double> medians(count);
  std::vector<std::thread> threads;
  for (double& median : medians) {
    threads.emplace_back([&] { median = MedianNanoseconds(client, problems); });
  }
  for (std::thread& thread : threads) thread.join();
  return *std::max_element(medians.begin(), medians.end());
}

int Main(bool json, bool check) {
  const TemporaryFolder folder;
  FakeService service(folder.path() + "/socket");
  service.Start();
  ConnectOptions options;
  options.socket_path = service.socket_path();
  auto client = Client::Connect(options);
  if (!client.ok()) {
    std::fprintf(stderr, "client_cache_bench: %s\n", client.status().ToString().c_str());
    return 1;
  }
  const std::vector<v1::GemmProblem> problems = Problems();
  RoundNanoseconds(**client, problems);
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  const double one = MedianNanoseconds(**client, problems);
  const double many = ThreadsNanoseconds(**client, problems, threads);
  if (service.get_kernel_calls != kProblems) {
    std::fprintf(stderr, "client_cache_bench: not every call was a hit\n");
    return 1;
  }
  if (json) {
    const nlohmann::ordered_json object{{"cache_hit_ns", one},
                                        {"cache_hit_threads_ns", many},
                                        {"threads", threads},
                                        {"problems", kProblems}};
    std::printf("%s\n", object.dump().c_str());
  } else {
    std::printf("a hit takes %.1f ns on one thread, %.1f ns on %u threads at once\n", one, many,
                threads);
  }
  return check && one > kHitLimitNanoseconds ? 1 : 0;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  bool json = false;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--check") == 0) {
      check = true;
    } else {
      const bool help = std::strcmp(argv[i], "--help") == 0;
      std::fputs(tilewright::kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  return tilewright::Main(json, check);
}
