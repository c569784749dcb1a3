#ifndef TILEWRIGHT_SERVER_SWEEPS_TUNING_SERVICE_H_
#define TILEWRIGHT_SERVER_SWEEPS_TUNING_SERVICE_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "server/net/executor.h"
#include "server/net/permissions.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"
#include "server/operation/metrics.h"
#include "server/sweeps/sweep_runner.h"
#include "server/tuning/device_table.h"
#include "server/tuning/scheduler.h"
#include "server/tuning/work_owners.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

// Implements tilewright.v1.TuningService.
class TuningServiceImpl final : public v1::TuningService::CallbackService {
 public:
  TuningServiceImpl(DeviceTable& devices, const WinnerIndex& index, Scheduler& scheduler,
                    SweepRunner& sweeps, Executor& executor, StopSignal& stop,
                    const Permissions& permissions, SharedLimit& long_calls, Metrics& metrics)
      : devices_(devices),
        index_(index),
        scheduler_(scheduler),
        sweeps_(sweeps),
        executor_(executor),
        stop_(stop),
        owners_(permissions, kMaxOwnedWork),
        long_calls_(long_calls),
        metrics_(metrics) {}

  grpc::ServerUnaryReactor* CreateTuning(grpc::CallbackServerContext* context,
                                         const v1::CreateTuningRequest* request,
                                         v1::Tuning* response) override;
  grpc::ServerUnaryReactor* GetTuning(grpc::CallbackServerContext* context,
                                      const v1::GetTuningRequest* request,
                                      v1::Tuning* response) override;
  grpc::ServerWriteReactor<v1::Tuning>* WatchTuning(grpc::CallbackServerContext* context,
                                                    const v1::WatchTuningRequest* request) override;
  grpc::ServerUnaryReactor* CancelTuning(grpc::CallbackServerContext* context,
                                         const v1::CancelTuningRequest* request,
                                         v1::Tuning* response) override;
  grpc::ServerUnaryReactor* CreateSweep(grpc::CallbackServerContext* context,
                                        const v1::CreateSweepRequest* request,
                                        v1::Sweep* response) override;
  grpc::ServerUnaryReactor* GetSweep(grpc::CallbackServerContext* context,
                                     const v1::GetSweepRequest* request,
                                     v1::Sweep* response) override;
  grpc::ServerWriteReactor<v1::Sweep>* WatchSweep(grpc::CallbackServerContext* context,
                                                  const v1::WatchSweepRequest* request) override;
  grpc::ServerWriteReactor<v1::SweepProgress>* WatchSweepProgress(
      grpc::CallbackServerContext* context, const v1::WatchSweepProgressRequest* request) override;
  grpc::ServerUnaryReactor* CancelSweep(grpc::CallbackServerContext* context,
                                        const v1::CancelSweepRequest* request,
                                        v1::Sweep* response) override;
  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* context,
                                        const v1::ListDevicesRequest* request,
                                        v1::ListDevicesResponse* response) override;

 private:
  // More tunings and sweeps than are ever under way.
  static constexpr std::size_t kMaxOwnedWork = 16384;

  absl::StatusOr<std::shared_ptr<TuningJob>> Create(const v1::CreateTuningRequest& request,
                                                    uid_t user);
  absl::StatusOr<std::shared_ptr<TuningJob>> Cancel(const v1::CancelTuningRequest& request,
                                                    uid_t user);
  absl::StatusOr<v1::Sweep> Create(const v1::CreateSweepRequest& request, uid_t user);
  absl::StatusOr<v1::Sweep> Cancel(const v1::CancelSweepRequest& request, uid_t user);
  template <typename Message, typename Request>
  grpc::ServerWriteReactor<Message>* Watch(const Request& request, uid_t user,
                                           absl::Duration interval,
                                           std::function<void(const SweepState&, Message&)> read);

  DeviceTable& devices_;
  const WinnerIndex& index_;
  Scheduler& scheduler_;
  SweepRunner& sweeps_;
  Executor& executor_;
  StopSignal& stop_;
  WorkOwners owners_;
  SharedLimit& long_calls_;
  Metrics& metrics_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_TUNING_SERVICE_H_
