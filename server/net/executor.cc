#include "server/net/executor.h"

#include <pthread.h>

#include <utility>

namespace tilewright {

Executor::Executor(const std::string& name, int threads, std::size_t max_queue)
    : room_(max_queue, ShareOfUser(max_queue)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      pthread_setname_np(pthread_self(), name.c_str());
      Run();
    });
  }
}

Executor::~Executor() { Stop(); }

bool Executor::TryPost(uid_t user, std::function<void()> work) {
  SharedLimit::Place place = room_.TryTake(user);
  absl::MutexLock lock(&mutex_);
  if (stopped_ || !place.held()) return false;
  Push(user, {std::move(work), std::move(place)});
  return true;
}

void Executor::Post(uid_t user, std::function<void()> work) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) {
      Push(user, {std::move(work), {}});
      return;
    }
  }
  work();
}

std::size_t Executor::pending() const {
  absl::MutexLock lock(&mutex_);
  return queued_ + running_;
}

void Executor::Push(uid_t user, Work work) {
  std::deque<Work>& queue = queues_[user];
  if (queue.empty()) turns_.push_back(user);
  queue.push_back(std::move(work));
  ++queued_;
}

// Takes the first work of the next user. A user with more work goes to the end of the turns.
std::function<void()> Executor::Pop() {
  const uid_t user = turns_.front();
  turns_.pop_front();
  const auto queue = queues_.find(user);
  std::function<void()> work = std::move(queue->second.front().run);
  queue->second.pop_front();
  --queued_;
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    turns_.push_back(user);
  }
  return work;
}

void Executor::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Executor::Run() {
  while (true) {
    std::function<void()> work;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Executor* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) {
            return self->stopped_ || self->queued_ > 0;
          },
          this));
      if (queued_ == 0) return;
      work = Pop();
      ++running_;
    }
    work();
    absl::MutexLock lock(&mutex_);
    --running_;
  }
}

}  // namespace tilewright
