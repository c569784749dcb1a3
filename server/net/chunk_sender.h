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

// A call that may be cancelled from another thread until gRPC is done with it. Shared by the
// call's reactor and by who watches it; thread-safe.
class CancellableCall {
 public:
  explicit CancellableCall(grpc::CallbackServerContext* call) : call_(call) {}

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    if (call_ != nullptr) call_->TryCancel();
  }

  // By the reactor's OnDone.
  void Forget() {
    absl::MutexLock lock(&mutex_);
    call_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  grpc::CallbackServerContext* call_ ABSL_GUARDED_BY(mutex_);
};

// Sends what `Source` has, chunk by chunk: its Next() fills the next chunk, without data at the
// end, or gives an error. Deletes itself when gRPC is done with it. The source and the place are
// let go before the call ends, so that a client that waits for one call's end never has its next
// one refused for it.
template <typename Chunk, typename Source>
class ChunkSender final : public grpc::ServerWriteReactor<Chunk> {
 public:
  // A client that reads nothing for `stall_limit` is given up.
  ChunkSender(grpc::CallbackServerContext* call, std::atomic<int64_t>& open_calls,
              std::chrono::milliseconds stall_limit)
      : open_(open_calls),
        call_(std::make_shared<CancellableCall>(call)),
        stall_limit_(stall_limit) {}

  // Whether `place` is held: it is kept until the call ends.
  bool Admit(SharedLimit::Place place) {
    place_ = std::move(place);
    return place_.held();
  }

  void Begin(absl::StatusOr<Source> source) {
    if (!source.ok()) return End(ToGrpcStatus(source.status()));
    source_.emplace(*std::move(source));
    // A client that reads no more: the write under way never ends by itself.
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
