#include <utility>

#include "server/tuning/scheduler_work.h"

namespace tilewright {

Scheduler::Ticket::Ticket(Scheduler* scheduler, WorkPtr work, Interest interest)
    : scheduler_(scheduler), work_(std::move(work)), interest_(interest) {}

Scheduler::Ticket::Ticket(Ticket&& other) noexcept
    : scheduler_(other.scheduler_), work_(std::move(other.work_)), interest_(other.interest_) {}

Scheduler::Ticket& Scheduler::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    Release();
    scheduler_ = other.scheduler_;
    work_ = std::move(other.work_);
    interest_ = other.interest_;
  }
  return *this;
}

Scheduler::Ticket::~Ticket() { Release(); }

std::shared_ptr<TuningJob> Scheduler::Ticket::job() const { return work_ ? work_->job : nullptr; }

bool Scheduler::Ticket::LeaveRunning() {
  const WorkPtr work = std::exchange(work_, nullptr);
  return work != nullptr && scheduler_->Withdraw(work, interest_, /*leave_running=*/true);
}

void Scheduler::Ticket::Release() {
  if (const WorkPtr work = std::exchange(work_, nullptr)) {
    scheduler_->Withdraw(work, interest_, /*leave_running=*/false);
  }
}

}  // namespace tilewright
