#include "server/executor.h"

#include <pthread.h>

#include <utility>

namespace tilewright {

Executor::Executor(const std::string& name, int threads, std::size_t max_queue)
    : max_queue_(max_queue) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      pthread_setname_np(pthread_self(), name.c_str());
      Run();
    });
  }
}

Executor::~Executor() { Stop(); }

bool Executor::TryPost(uid_t user, std::function<void()> work) {
  absl::MutexLock lock(&mutex_);
  if (stopped_ || taken_ >= max_queue_) return false;
  const auto own = queues_.find(user);
  if (own != queues_.end() && own->second.taken >= max_queue_ - max_queue_ / 4) return false;
  Push(user, {std::move(work), /*takes_room=*/true});
  return true;
}

void Executor::Post(uid_t user, std::function<void()> work) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) {
      Push(user, {std::move(work)});
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
  Queue& queue = queues_[user];
  if (queue.work.empty()) turns_.push_back(user);
  const std::size_t room = work.takes_room ? 1 : 0;
  queue.taken += room;
  taken_ += room;
  ++queued_;
  queue.work.push_back(std::move(work));
}

// The first of the user whose turn it is; who has more comes again after the others.
std::function<void()> Executor::Pop() {
  const uid_t user = turns_.front();
  turns_.pop_front();
  const auto found = queues_.find(user);
  Queue& queue = found->second;
  Work work = std::move(queue.work.front());
  queue.work.pop_front();
  const std::size_t room = work.takes_room ? 1 : 0;
  queue.taken -= room;
  taken_ -= room;
  --queued_;
  if (queue.work.empty()) {
    queues_.erase(found);
  } else {
    turns_.push_back(user);
  }
  return std::move(work.run);
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
