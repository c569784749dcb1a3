#include "server/tuning/tuning_history.h"

namespace tilewright {

void TuningHistory::Add(const std::shared_ptr<TuningJob>& job) { entries_[job->name()].job = job; }

void TuningHistory::Remember(const std::string& request_id, const std::string& name) {
  if (request_id.empty()) return;
  names_by_request_id_[request_id] = name;
  entries_[name].request_ids.push_back(request_id);
}

void TuningHistory::Retire(const std::string& name) {
  finished_.push_back(name);
  while (finished_.size() > max_finished_) {
    const auto oldest = entries_.find(finished_.front());
    if (oldest != entries_.end()) {
      for (const std::string& id : oldest->second.request_ids) names_by_request_id_.erase(id);
      entries_.erase(oldest);
    }
    finished_.pop_front();
  }
}

std::shared_ptr<TuningJob> TuningHistory::Find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.job;
}

std::shared_ptr<TuningJob> TuningHistory::FindByRequestId(const std::string& request_id) const {
  const auto found = names_by_request_id_.find(request_id);
  return found == names_by_request_id_.end() ? nullptr : Find(found->second);
}

}  // namespace tilewright
