#include "server/daemon_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "proto/support/status_macros.h"
#include "proto/support/steady_mutex.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/grpc_clock.h"
#include "server/net/unix_socket.h"

namespace tilewright {
namespace {

// A batch of 1000 look-ups takes about 300 KiB, a sweep of 10,000 problems about 3 MiB, a bundle
// chunk 1 MiB.
constexpr int kMaxReceiveBytes = 8 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;
constexpr int kMaxStreamsPerConnection = 256;
constexpr std::size_t kMaxMemoryOfUser = std::size_t{512} << 20;
constexpr std::size_t kKernelCacheBytes = std::size_t{256} << 20;
constexpr int kExecutorThreads = 4;
constexpr std::size_t kExecutorQueue = 4096;
constexpr std::chrono::hours kNoteUsesEvery{1};
// Ends waiting calls this long before the end of the grace, so that the error reaches the callers.
constexpr absl::Duration kLastCall = absl::Milliseconds(500);

}  // namespace

DaemonServer::DaemonServer(const Options& options, const Collaborators& collaborators)
    : collaborators_(collaborators),
      permissions_(geteuid(), options.administrators),
      devices_(collaborators.compiler, collaborators.profiler, options.device_patience),
      executor_("executor", kExecutorThreads, kExecutorQueue),
      // A bundle takes seconds and must not delay cold look-ups. SharedLimit allows few bundles at
      // once, so this queue is never full.
      bundle_executor_("bundles", CacheServiceImpl::kMaxBundles, 4 * CacheServiceImpl::kMaxBundles),
      kernels_(
          [this](const StoredWinner& winner) { return collaborators_.tuner.LoadKernel(winner); },
          kKernelCacheBytes, executor_),
      predictor_([this](TuneRequest request,
                        const Cancellation& cancellation) -> absl::StatusOr<StoredWinner> {
        RETURN_IF_ERROR(devices_.CheckNvrtcIsKnown());
        devices_.Complete(*request.target.mutable_environment());
        absl::StatusOr<TuneResult> result = collaborators_.tuner.Predict(request, cancellation);
        // With a GPU, a tuning follows anyway.
        if (request.device_ordinal < 0 && WorkerWasLost(result)) scheduler_.TuneAgain(request);
        RETURN_IF_ERROR(result.status());
        Publish(result->winner);
        return std::move(result->winner);
      }),
      sources_(devices_, collaborators.index, collaborators.compiler),
      signers_(collaborators.store, collaborators.index, winners_, collaborators.clock,
               options.cache_dir),
      scheduler_(
          {.devices = devices_.device_count(), .max_queue = options.max_queue},
          [this](const TuneRequest& request, const Cancellation& cancellation,
                 const ProgressSink& progress) { return Tune(request, cancellation, progress); },
          collaborators.clock),
      sweeps_(devices_, collaborators.index, collaborators.store, scheduler_, collaborators.clock),
      revalidation_({
          .is_needed =
              [this](const TuneRequest& request) {
                return NeedsRevalidation(FindStored(request, collaborators_.index, devices_),
                                         request);
              },
          .is_idle = [this](int device) { return scheduler_.IsIdle(device); },
          .tune =
              [this](const TuneRequest& request) {
                return devices_.settled() && scheduler_.TryBackground(request) != nullptr;
              },
      }),
      long_calls_(options.max_long_calls, options.max_long_calls_of_user),
      kernel_service_({.devices = devices_,
                       .index = collaborators.index,
                       .kernels = kernels_,
                       .scheduler = scheduler_,
                       .predictor = predictor_,
                       .executor = executor_,
                       .stop = stop_,
                       .uses = uses_,
                       .revalidation = revalidation_},
                      sources_, winners_, long_calls_, *metrics_),
      tuning_service_(devices_, collaborators.index, scheduler_, sweeps_, executor_, stop_,
                      permissions_, long_calls_, *metrics_),
      cache_service_({.devices = devices_,
                      .store = collaborators.store,
                      .index = collaborators.index,
                      .executor = executor_,
                      .bundle_executor = bundle_executor_,
                      .stop = stop_,
                      .winners = winners_,
                      .metrics = *metrics_,
                      .clock = collaborators.clock,
                      .permissions = permissions_,
                      .signers = signers_,
                      .uses = uses_,
                      .revalidation = revalidation_,
                      .cache_dir = options.cache_dir,
                      .max_bundle_bytes = options.max_bundle_bytes,
                      .max_cache_bytes = options.max_cache_bytes,
                      .bundle_stall = options.bundle_stall,
                      .unstored_winners = [this] { return collaborators_.tuner.unstored(); },
                      .forget_unstored =
                          [this](const StoredWinner& winner) {
                            collaborators_.tuner.ForgetUnstored(winner);
                          }}),
      servers_([this](grpc::ServerBuilder& builder) {
        builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
        builder.SetMaxSendMessageSize(-1);  // A batch of kernels can have 40 MB.
        builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
        // One quota for each user: if a shared one is used up, gRPC cancels calls of anybody.
        builder.SetResourceQuota(grpc::ResourceQuota("user").Resize(kMaxMemoryOfUser));
        builder.RegisterService(&kernel_service_);
        builder.RegisterService(&tuning_service_);
        builder.RegisterService(&cache_service_);
      }) {
  devices_.WhenDevicesAreKnown([this](int devices) { scheduler_.AddDevices(devices); });
}

DaemonServer::~DaemonServer() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<DaemonServer>> DaemonServer::Start(
    const Options& options, const Collaborators& collaborators) {
  auto server = std::unique_ptr<DaemonServer>(new DaemonServer(options, collaborators));
  // Look-ups work without a usable key. Operations that need the key report the error.
  if (const absl::Status own = server->signers_.Start(); !own.ok()) {
    spdlog::error("{}", std::string(own.message()));
  }
  RETURN_IF_ERROR(server->Listen(options));
  server->ExportMetrics();
  if (options.metrics_port != 0) {
    ASSIGN_OR_RETURN(server->metrics_endpoint_,
                     MetricsEndpoint::Start(options.metrics_port, server->metrics_));
  }
  server->caretaker_ = std::make_unique<Caretaker>(collaborators.store, collaborators.tuner,
                                                   options.store_retry, options.on_cache_lost);
  if (options.resume_sweeps) server->sweeps_.ResumeAll();
  server->revalidating_ =
      std::make_unique<Periodic>("revalidation", options.revalidation_interval,
                                 [raw = server.get()] { raw->revalidation_.Pump(); });
  server->noting_uses_ = std::make_unique<Periodic>("kernel-uses", kNoteUsesEvery,
                                                    [raw = server.get()] { raw->NoteUses(); });
  // Must be last: the first caller must find the metrics served and the sweeps resumed.
  server->acceptor_->Start();
  return server;
}

// Checks the index again: another tuning or an import may have stored the answer meanwhile.
absl::StatusOr<TuneResult> DaemonServer::Tune(TuneRequest request, const Cancellation& cancellation,
                                              const ProgressSink& progress) {
  RETURN_IF_ERROR(devices_.CheckNvrtcIsKnown());
  devices_.Complete(*request.target.mutable_environment());
  const IndexHit stored = FindStored(request, collaborators_.index, devices_);
  if (NeedsNoTuning(stored, request)) return TuneResult{.winner = *stored.winner};
  ASSIGN_OR_RETURN(TuneResult result, collaborators_.tuner.Tune(request, cancellation, progress));
  Publish(result.winner);
  return result;
}

// Notes a new winner as used, because nobody has had the time to ask for it.
void DaemonServer::Publish(const StoredWinner& winner) {
  uses_.Note(winner.kernel.content_hash());
  winners_.Notify(winner.shapeless_key);
}

absl::Status DaemonServer::Listen(const Options& options) {
  ASSIGN_OR_RETURN(UnixListener listener, UnixListener::Listen(options.socket));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Servers of other users are made when those users connect.
  RETURN_IF_ERROR(servers_.Start(geteuid()));
  ASSIGN_OR_RETURN(acceptor_,
                   Acceptor::Create(std::move(listener),
                                    {.max_connections_per_user = options.max_connections_per_user,
                                     .own_uid = geteuid(),
                                     .own_gid = getegid()},
                                    [this](uid_t user, int fd) { servers_.Take(user, fd); }));
  return absl::OkStatus();
}

void DaemonServer::ExportMetrics() {
  const auto counter = [this](const char* name, const char* help,
                              const std::atomic<int64_t>& value) {
    metrics_->AddCounter(name, help, [&value] {
      return static_cast<double>(value.load(std::memory_order_relaxed));
    });
  };
  const Scheduler::Counters& tunings = scheduler_.counters();
  counter("tilewright_tunings_succeeded_total", "Tunings that found a winner.", tunings.succeeded);
  counter("tilewright_tunings_failed_total", "Tunings that ended in an error.", tunings.failed);
  counter("tilewright_tunings_cancelled_total", "Tunings that nobody wanted any more.",
          tunings.cancelled);
  counter("tilewright_tunings_joined_total", "Callers that found their tuning under way.",
          tunings.joined);
  counter("tilewright_tunings_rejected_total", "Tunings refused because the queue had no room.",
          tunings.rejected);
  counter("tilewright_tunings_yielded_total",
          "Background tunings that made room for waiting callers.", tunings.yielded);
  metrics_->AddGauge("tilewright_tunings_queued", "Tunings that wait.",
                     [this] { return static_cast<double>(scheduler_.queued()); });
  metrics_->AddGauge("tilewright_tunings_running", "Tunings under way.",
                     [this] { return static_cast<double>(scheduler_.running()); });
  metrics_->AddGauge("tilewright_sweeps_active", "Sweeps being worked on.",
                     [this] { return static_cast<double>(sweeps_.active()); });
  metrics_->AddGauge("tilewright_revalidations_waiting",
                     "Winners that are served and wait to be measured again.",
                     [this] { return static_cast<double>(revalidation_.waiting()); });
  metrics_->AddGauge("tilewright_winners", "Pairs of problem and target that have a winner.",
                     [this] { return static_cast<double>(collaborators_.index.size()); });
  metrics_->AddGauge("tilewright_unstored_winners",
                     "Winners that are served and could not be stored yet.",
                     [this] { return static_cast<double>(collaborators_.tuner.unstored()); });
  metrics_->AddGauge("tilewright_epoch", "Generation of the winners.",
                     [this] { return static_cast<double>(collaborators_.index.epoch()); });
  metrics_->AddCounter("tilewright_connections_accepted_total", "Connections accepted.",
                       [this] { return static_cast<double>(acceptor_->accepted()); });
  metrics_->AddCounter("tilewright_connections_refused_total", "Connections refused.",
                       [this] { return static_cast<double>(acceptor_->refused()); });
}

void DaemonServer::NoteUses() {
  const std::vector<std::string> served = uses_.Served();
  if (served.empty()) return;
  const absl::Status noted =
      collaborators_.store.NoteServed(served, absl::ToUnixSeconds(collaborators_.clock.Now()));
  if (!noted.ok()) spdlog::warn("the use of kernels could not be stored: {}", noted.ToString());
}

bool DaemonServer::Busy() const {
  return scheduler_.queued() + scheduler_.running() > 0 || sweeps_.active() > 0 ||
         metrics_->open_calls.load(std::memory_order_relaxed) > 0 ||
         executor_.pending() + bundle_executor_.pending() + sources_.pending() > 0;
}

void DaemonServer::Stop(absl::Duration grace) {
  if (stopped_.exchange(true)) return;
  revalidating_.reset();
  noting_uses_.reset();
  metrics_endpoint_.reset();
  if (acceptor_ != nullptr) acceptor_->Stop();
  servers_.ShutDownHealth();
  stop_.Fire();
  // ShutDown waits for calls that nobody answers. So a thread ends those calls.
  SteadyEvent over;
  std::thread last_call([&] {
    over.WaitFor(grace - std::min(grace / 4, kLastCall));
    stop_.Fire(StopSignal::Phase::kLastCall);
  });
  servers_.ShutDown(SteadyTime::Now() + grace);
  over.Set();
  last_call.join();
  devices_.Stop();
  sweeps_.PrepareStop();
  predictor_.Stop();
  sources_.Stop();
  scheduler_.Stop();
  sweeps_.Stop();
  // The last tuning has stored its winner by now.
  caretaker_.reset();
  bundle_executor_.Stop();
  executor_.Stop();
  NoteUses();
  // Must be last of gRPC. No reactor can be touched after this.
  servers_.Clear();
}

}  // namespace tilewright
