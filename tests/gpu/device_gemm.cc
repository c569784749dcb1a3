#include "tests/gpu/device_gemm.h"

namespace tilewright {

DeviceSession::DeviceSession() : driver_(*DriverApi::Load()) {
  context_ = std::make_unique<CudaContext>(*CudaContext::Retain(*driver_, 0));
  stream_ = std::make_unique<CudaStream>(*CudaStream::Create(*driver_));
}

void DeviceSession::Synchronize() const {
  EXPECT_EQ(driver_->cuStreamSynchronize(stream_->get()), CUDA_SUCCESS);
}

}  // namespace tilewright
