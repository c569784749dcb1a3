#ifndef TILEWRIGHT_SERVER_NET_CHUNK_SENDER_H_
#define TILEWRIGHT_SERVER_NET_CHUNK_SENDER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/net/grpc_status.h"
#include "server/net/open_call.h"
#include "server/net/shared_limit.h"
#include "server/net/stall_watch.h"

namespace tilewright {

inline constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

// Lets another thread cancel a call until gRPC is done with it. The call's reactor and its watcher
// share it; thread-safe.
class CancellableCall {
 public:
  explicit CancellableCall(grpc::CallbackServerContext* call) : call_(call) {}

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    if (call_ != nullptr) call_->TryCancel();
  }

  // Called by the reactor's OnDone.
  void Forget() {
    absl::MutexLock lock(&mutex_);
    call_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  grpc::CallbackServerContext* call_ ABSL_GUARDED_BY(mutex_);
};

// Sends the chunks of `Source`. Its Next() fills the next chunk, without data at the end, or
// returns an error. Deletes itself when gRPC is done with it. Releases the source and the place
// before the call ends, so that this one never causes the refusal of the client's next call.
template <typename Chunk, typename Source>
class ChunkSender final : public grpc::ServerWriteReactor<Chunk> {
 public:
  // Gives up a client that reads nothing for `stall_limit`.
  ChunkSender(grpc::CallbackServerContext* call, std::atomic<int64_t>& open_calls,
              std::chrono::milliseconds stall_limit)
      : open_(open_calls),
        call_(std::make_shared<CancellableCall>(call)),
        stall_limit_(stall_limit) {}

  // Keeps `place` until the call ends. Returns whether it is held.
  bool Admit(SharedLimit::Place place) {
    place_ = std::move(place);
    return place_.held();
  }

  void Begin(absl::StatusOr<Source> source) {
    if (!source.ok()) return End(ToGrpcStatus(source.status()));
    source_.emplace(*std::move(source));
    // If the client stops reading, the write under way never ends by itself.
    stall_.emplace(stall_limit_, [ended = call_] { ended->Cancel(); });
    SendNext();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      return End(grpc::Status(grpc::StatusCode::CANCELLED,
                              "the client went away, or read nothing for too long"));
    }
    stall_->NoteProgress();
    SendNext();
  }

  void OnDone() override {
    call_->Forget();
    delete this;
  }

 private:
  void SendNext() {
    if (const absl::Status next = source_->Next(chunk_); !next.ok()) {
      return End(ToGrpcStatus(next));
    }
    if (chunk_.data().empty()) return End(grpc::Status::OK);
    this->StartWrite(&chunk_);
  }

  void End(const grpc::Status& status) {
    if (stall_) stall_->Stop();
    source_.reset();
    place_.Release();
    this->Finish(status);
  }

  const OpenCall open_;
  const std::shared_ptr<CancellableCall> call_;
  SharedLimit::Place place_;
  const std::chrono::milliseconds stall_limit_;
  std::optional<StallWatch> stall_;
  std::optional<Source> source_;
  Chunk chunk_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_CHUNK_SENDER_H_
