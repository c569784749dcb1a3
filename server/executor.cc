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

bool Executor::TryPost(std::function<void()> work) {
  absl::MutexLock lock(&mutex_);
  if (stopped_ || queue_.size() >= max_queue_) return false;
  queue_.push_back(std::move(work));
  return true;
}

void Executor::Post(std::function<void()> work) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) {
      queue_.push_back(std::move(work));
      return;
    }
  }
  work();
}

std::size_t Executor::pending() const {
  absl::MutexLock lock(&mutex_);
  return queue_.size() + running_;
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
            return self->stopped_ || !self->queue_.empty();
          },
          this));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
    }
    work();
    absl::MutexLock lock(&mutex_);
    --running_;
  }
}

}  // namespace tilewright
