#ifndef TILEWRIGHT_SERVER_TUNING_TUNING_HISTORY_H_
#define TILEWRIGHT_SERVER_TUNING_TUNING_HISTORY_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/tuning/tuning_job.h"

namespace tilewright {

// Keeps every tuning that can be fetched by name: those under way and the last finished ones, with
// the request ids that made them. Not thread-safe: the scheduler guards it.
class TuningHistory {
 public:
  explicit TuningHistory(std::size_t max_finished) : max_finished_(max_finished) {}

  void Add(const std::shared_ptr<TuningJob>& job);
  void Remember(const std::string& request_id, const std::string& name);
  // Marks `name` as finished. It is dropped after `max_finished` later ones.
  void Retire(const std::string& name);

  // Returns null if there is none.
  std::shared_ptr<TuningJob> Find(const std::string& name) const;
  std::shared_ptr<TuningJob> FindByRequestId(const std::string& request_id) const;

 private:
  struct Entry {
    std::shared_ptr<TuningJob> job;
    std::vector<std::string> request_ids;
  };

  const std::size_t max_finished_;
  absl::flat_hash_map<std::string, Entry> entries_;  // By name.
  absl::flat_hash_map<std::string, std::string> names_by_request_id_;
  std::deque<std::string> finished_;  // Oldest first.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_TUNING_HISTORY_H_
