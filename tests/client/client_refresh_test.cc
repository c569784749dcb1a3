// What a client keeps, and what Refresh lets go of.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/client/client_fixture.h"

namespace tilewright {
namespace {

v1::GetKernelResponse PredictedKernel(const v1::GetKernelRequest& request) {
  v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
  response.set_provenance(v1::PROVENANCE_PREDICTED);
  return response;
}

TEST_F(ClientTest, ServesProvisionalAnswersUntilRefreshed) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    if (request.problem().gemm().m() == 1) {
      response.set_match(v1::MATCH_PREDICTED);
      response.set_provenance(v1::PROVENANCE_PREDICTED);
    }
    return response;
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1))->get()->provisional());
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  ASSERT_TRUE(client_->GetKernel(Gemm(2, 1, 1)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 2);
  EXPECT_EQ(client_->Refresh(), 1);
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  ASSERT_TRUE(client_->GetKernel(Gemm(2, 1, 1)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 3);
}

// Every refresh kept the old kernels, and their code on the GPU, until the client's end.
TEST_F(ClientTest, RefreshFreesWhatNobodyHolds) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.set_match(v1::MATCH_NEAREST_PROBLEM);
    return response;
  };
  std::vector<std::weak_ptr<const Kernel>> seen;
  std::shared_ptr<const Kernel> held;
  for (int refresh = 0; refresh < 100; ++refresh) {
    for (int m = 1; m <= 3; ++m) {
      const auto kernel = client_->GetKernel(Gemm(m, 1, 1));
      ASSERT_TRUE(kernel.ok()) << kernel.status();
      seen.push_back(*kernel);
      if (held == nullptr) held = *kernel;
    }
    EXPECT_EQ(client_->Refresh(), 3);
  }
  EXPECT_EQ(held->cubin(), CubinOf(1, 1, 1));
  held.reset();
  for (const auto& kernel : seen) EXPECT_TRUE(kernel.expired());
}

// Threads have reference counts of their own.
TEST_F(ClientTest, AKernelLivesAsLongAsAnyThreadHoldsIt) {
  service_.get_kernel = PredictedKernel;
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  std::vector<std::shared_ptr<const Kernel>> held(20);
  for (auto& kernel : held) {
    std::thread([&] { kernel = client_->GetKernel(Gemm(1, 1, 1)).value(); }).join();
    EXPECT_EQ(kernel, held[0]);
  }
  EXPECT_EQ(service_.get_kernel_calls, 1);
  EXPECT_EQ(client_->Refresh(), 1);
  while (held.size() > 1) {
    held.pop_back();
    EXPECT_EQ(held[0]->cubin(), CubinOf(1, 1, 1));
  }
  const std::weak_ptr<const Kernel> last = held[0];
  held.clear();
  EXPECT_TRUE(last.expired());
}

TEST_F(ClientTest, RefreshWaitsForReaders) {
  service_.get_kernel = PredictedKernel;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto kernel = client_->GetKernel(Gemm(1, 1, 1));
        if (!kernel.ok() || (*kernel)->cubin() != CubinOf(1, 1, 1)) ++wrong;
      }
    });
  }
  for (int refresh = 0; refresh < 300; ++refresh) {
    client_->Refresh();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  const std::weak_ptr<const Kernel> last = *client_->GetKernel(Gemm(1, 1, 1));
  client_->Refresh();
  EXPECT_TRUE(last.expired());
}

// An import was kept although the service measures it again.
TEST_F(ClientTest, OnlyWhatWasTunedHereForTheProblemIsFinal) {
  const auto provisional = [&](v1::Match match, v1::Provenance provenance) {
    service_.get_kernel = [match, provenance](const v1::GetKernelRequest& request) {
      v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
      response.set_match(match);
      response.set_provenance(provenance);
      return response;
    };
    const v1::GemmProblem problem = Gemm(100 * match + provenance, 1, 1);
    return client_->GetKernel(problem).value()->provisional();
  };
  EXPECT_FALSE(provisional(v1::MATCH_EXACT, v1::PROVENANCE_MEASURED));
  EXPECT_FALSE(provisional(v1::MATCH_EXACT, v1::PROVENANCE_VENDOR));
  EXPECT_TRUE(provisional(v1::MATCH_EXACT, v1::PROVENANCE_IMPORTED));
  EXPECT_TRUE(provisional(v1::MATCH_PREDICTED, v1::PROVENANCE_PREDICTED));
  EXPECT_TRUE(provisional(v1::MATCH_OTHER_ENVIRONMENT, v1::PROVENANCE_MEASURED));
  EXPECT_EQ(client_->Refresh(), 3);
}

}  // namespace
}  // namespace tilewright
