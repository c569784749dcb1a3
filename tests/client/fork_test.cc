// A child that inherits a client. What went wrong there went wrong in the parent: both used one
// connection, and the parent's next call failed or never ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "client/cpp/owner_process.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/client/client_fixture.h"
#include "tests/fakes/stub_cubin.h"

namespace tilewright {
namespace {

using std::chrono::milliseconds;

// Runs `action` in a child; what it says is wrong, or "". A child that hangs is ended.
std::string InChild(const std::function<std::string()>& action) {
  int report[2];
  EXPECT_EQ(pipe(report), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    const std::string wrong = action();
    const ssize_t written = write(report[1], wrong.data(), wrong.size());
    _exit(written == static_cast<ssize_t>(wrong.size()) ? 0 : 1);
  }
  close(report[1]);
  std::string wrong;
  char bytes[4096];
  for (ssize_t count = 0; (count = read(report[0], bytes, sizeof(bytes))) > 0;) {
    wrong.append(bytes, static_cast<size_t>(count));
  }
  close(report[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status)) wrong += " the child was ended by signal " + std::to_string(status & 127);
  return wrong;
}

std::string WrongUnlessForked(const char* what, const absl::Status& status) {
  if (status.code() == absl::StatusCode::kFailedPrecondition && ReasonOf(status) == "FORKED") {
    return "";
  }
  return std::string(what) + ": " + status.ToString() + "; ";
}

TEST(OwnerProcess, AChildIsAnotherProcessAndAGrandchildToo) {
  const OwnerProcess parent;
  EXPECT_TRUE(parent.IsThis());
  EXPECT_EQ(InChild([&]() -> std::string {
              const OwnerProcess child;
              if (parent.IsThis() || !child.IsThis()) return "the child takes itself for another";
              return InChild([&]() -> std::string {
                return parent.IsThis() || child.IsThis() ? "the grandchild does" : "";
              });
            }),
            "");
  EXPECT_TRUE(parent.IsThis());
}

TEST_F(ClientTest, AnInheritedClientAnswersForkedAndReleasesNothing) {
  const auto kept = client_->GetKernel(Gemm(1, 1, 1));
  ASSERT_TRUE(kept.ok()) << kept.status();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(InChild([&] {
              std::string wrong;
              wrong += WrongUnlessForked("hit", client_->GetKernel(Gemm(1, 1, 1)).status());
              wrong += WrongUnlessForked("miss", client_->GetKernel(Gemm(2, 1, 1)).status());
              wrong += WrongUnlessForked("batch", client_->BatchGetKernels({}).status());
              wrong += WrongUnlessForked("tune", client_->Tune(v1::Problem()).status());
              Connection& connection = client_->connection();
              wrong += WrongUnlessForked("list", connection.ListWinners({}).status());
              wrong += WrongUnlessForked("health", connection.CheckHealth(milliseconds(1000)));
              wrong += WrongUnlessForked("watch",
                                         connection.WatchKernel({}, std::stop_token(), nullptr));
              wrong += WrongUnlessForked("launch", (*kept)->Launch(GemmArguments(), nullptr));
              if (client_->Refresh() != 0) wrong += "refresh forgot something; ";
              client_.reset();
              return wrong;
            }),
            "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << "at once";
  for (int i = 2; i < 5; ++i) {
    const auto next = client_->GetKernel(Gemm(i, 1, 1));
    EXPECT_TRUE(next.ok()) << "the parent's next call: " << next.status();
  }
}

TEST_F(ClientTest, AChildCanConnectAnew) {
  service_.get_kernel =
      [](const v1::GetKernelRequest& request) -> absl::StatusOr<v1::GetKernelResponse> {
    if (request.problem().gemm().m() == 7) {
      return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", "nothing at 100% \xc3\xa9",
                       {{"field", "gemm.m"}});
    }
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    // More than one frame, and more than the windows that HTTP/2 begins with.
    if (request.problem().gemm().m() == 8) {
      response.mutable_kernel()->set_cubin(
          StubCubin(std::string(300'000, 'c'), "sm_90a", {"gemm_main"}));
      response.mutable_kernel()->set_content_hash(Sha256(response.kernel().cubin()));
    }
    return response;
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  EXPECT_EQ(InChild([&]() -> std::string {
              client_.reset();
              ConnectOptions options;
              options.socket_path = service_.socket_path();
              auto own = Client::Connect(options);
              if (!own.ok()) return "connect: " + own.status().ToString();
              const auto kernel = (*own)->GetKernel(Gemm(2, 1, 1));
              if (!kernel.ok()) return "get: " + kernel.status().ToString();
              if ((*kernel)->cubin() != CubinOf(2, 1, 1))
                return "another kernel: " + (*kernel)->cubin();
              const absl::Status missing = (*own)->GetKernel(Gemm(7, 1, 1)).status();
              if (ReasonOf(missing) != "NO_WINNER" ||
                  missing.message() != "nothing at 100% \xc3\xa9" ||
                  ErrorInfoOf(missing)->metadata().at("field") != "gemm.m") {
                return "an error of the service: " + missing.ToString();
              }
              const auto large = (*own)->GetKernel(Gemm(8, 1, 1));
              if (!large.ok()) return "large: " + large.status().ToString();
              GetOptions wide;
              wide.target = std::string(200'000, 't');
              const auto sent = (*own)->GetKernel(Gemm(9, 1, 1), wide);
              if (!sent.ok()) return "a large request: " + sent.status().ToString();
              const absl::Status health = (*own)->connection().CheckHealth(milliseconds(5000));
              if (!health.ok()) return "health: " + health.ToString();
              return WrongUnlessForked("watch", (*own)->connection().WatchKernel({}, {}, nullptr));
            }),
            "");
  const auto next = client_->GetKernel(Gemm(3, 1, 1));
  EXPECT_TRUE(next.ok()) << "the parent's next call: " << next.status();
}

TEST_F(ClientTest, AChildsCallEndsByItsDeadlineToo) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    if (request.problem().gemm().m() > 1) std::this_thread::sleep_for(milliseconds(5000));
    return MeasuredKernel(request.problem().gemm());
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  EXPECT_EQ(InChild([&]() -> std::string {
              client_.reset();
              ConnectOptions options;
              options.socket_path = service_.socket_path();
              auto own = Client::Connect(options);
              if (!own.ok()) return "connect: " + own.status().ToString();
              GetOptions hasty;
              hasty.deadline = milliseconds(2500);
              const auto begin = std::chrono::steady_clock::now();
              const absl::Status status = (*own)->GetKernel(Gemm(2, 1, 1), hasty).status();
              if (std::chrono::steady_clock::now() - begin > milliseconds(4000)) return "too late";
              return ReasonOf(status) == "DAEMON_BUSY" ? "" : status.ToString();
            }),
            "");
}

}  // namespace
}  // namespace tilewright
