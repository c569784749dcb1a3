#ifndef TILEWRIGHT_SERVER_NET_ANSWER_LATER_H_
#define TILEWRIGHT_SERVER_NET_ANSWER_LATER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "server/net/executor.h"
#include "server/net/stop_signal.h"

namespace tilewright {

// Whether the work of a call changes something. If such a call ends without a result, its caller
// must check the effect. A call that only reads is simply repeated.
enum class CallKind { kReads, kChanges };

// Runs `work` for `user` on a thread of the executor and calls `answer` once with its result. If
// the stop's last call comes first, answers SERVER_STOPPING instead; a moment later gRPC would end
// the call without a reason. By then, work that has not begun never begins. Work that has begun
// goes on, so it must not touch what ends with the answer. Result must be constructible from
// absl::Status. Returns false and calls neither if the executor has no room.
template <typename Result, typename Work, typename Answer>
[[nodiscard]] bool AnswerLater(Executor& executor, uid_t user, StopSignal& stop, CallKind kind,
                               Work work, Answer answer) {
  struct Call {
    Call(Work what, Answer how) : work(std::move(what)), answer(std::move(how)) {}

    Work work;
    Answer answer;
    std::atomic<bool> begun{false};
    std::atomic<bool> answered{false};
    std::atomic<int64_t> stop_id{0};
  };
  const auto call = std::make_shared<Call>(std::move(work), std::move(answer));
  call->stop_id = stop.Subscribe(
      [call, kind] {
        if (call->answered.exchange(true)) return;
        const bool may_have_effect = kind == CallKind::kChanges && call->begun;
        call->answer(Result(may_have_effect ? ServerStoppingMidway() : ServerStopping()));
      },
      StopSignal::Phase::kLastCall);
  const bool posted = executor.TryPost(user, [call, &stop] {
    call->begun = true;
    if (call->answered) return;
    Result result = call->work();
    if (call->answered.exchange(true)) return;
    stop.Unsubscribe(call->stop_id);
    call->answer(std::move(result));
  });
  if (posted || call->answered.exchange(true)) return true;
  stop.Unsubscribe(call->stop_id);
  return false;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_ANSWER_LATER_H_
