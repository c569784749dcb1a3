#ifndef TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_
#define TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_

#include <atomic>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tests/fakes/memory_store.h"

namespace tilewright {

// A MemoryStore that counts how often a cubin is read, can hold reads and writes up, and makes
// backups of a few bytes. Any thread.
class WatchedStore final : public MemoryStore {
 public:
  int cubin_reads() const { return cubin_reads_; }
  int stats_reads() const { return stats_reads_; }
  int signer_writes() const { return signer_writes_; }

  // GetCubin waits for `gate`, which outlives this.
  void SetCubinGate(absl::Notification* gate) { cubin_gate_ = gate; }

  int backups() const { return backups_; }

  // The kernels that were noted as used last.
  std::vector<std::string> used() const {
    absl::MutexLock lock(&used_mutex_);
    return used_;
  }

  // Backup waits for `gate`, which outlives this.
  void SetBackupGate(absl::Notification* gate) { backup_gate_ = gate; }

  // What every GetCubin fails with; OK: nothing. Before it is used.
  void SetCubinFailure(absl::Status failure) { cubin_failure_ = std::move(failure); }

  // Stats waits for `gate`, which outlives this.
  void SetStatsGate(absl::Notification* gate) { stats_gate_ = gate; }

  // PutSigner waits for `gate`, which outlives this.
  void SetSignerGate(absl::Notification* gate) { signer_gate_ = gate; }

  // What every PutTuning fails with from now on, as on a full disk; OK: nothing. Before it is used.
  void SetPutFailure(absl::Status failure) { put_failure_ = std::move(failure); }

  // Called around every PutTuning and PutImport. Set before the first.
  void SetPutHooks(std::function<void()> before, std::function<void()> after) {
    before_put_ = std::move(before);
    after_put_ = std::move(after);
  }

  absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) override {
    const Hooked hooked(*this);
    if (!put_failure_.ok()) return put_failure_;
    return MemoryStore::PutTuning(record);
  }
  absl::StatusOr<std::vector<int64_t>> PutImport(
      const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) override {
    const Hooked hooked(*this);
    return MemoryStore::PutImport(cubins, records);
  }
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash) override {
    ++cubin_reads_;
    if (absl::Notification* gate = cubin_gate_) gate->WaitForNotification();
    if (!cubin_failure_.ok()) return cubin_failure_;
    return MemoryStore::GetCubin(content_hash);
  }
  absl::Status NoteServed(const std::vector<std::string>& content_hashes, int64_t) override {
    absl::MutexLock lock(&used_mutex_);
    used_ = content_hashes;
    return absl::OkStatus();
  }
  absl::StatusOr<v1::CacheStats> Stats() override {
    ++stats_reads_;
    if (absl::Notification* gate = stats_gate_) gate->WaitForNotification();
    return MemoryStore::Stats();
  }
  absl::Status PutSigner(const TrustedSigner& signer) override {
    ++signer_writes_;
    if (absl::Notification* gate = signer_gate_) gate->WaitForNotification();
    return MemoryStore::PutSigner(signer);
  }
  absl::Status Backup(const std::string& path) override {
    // Before it is counted: who has seen the count may take the gate away from later ones.
    absl::Notification* const gate = backup_gate_;
    ++backups_;
    if (gate != nullptr) gate->WaitForNotification();
    std::ofstream(path) << "a database";
    return absl::OkStatus();
  }

 private:
  struct Hooked {
    explicit Hooked(const WatchedStore& store) : after(store.after_put_) {
      if (store.before_put_) store.before_put_();
    }
    ~Hooked() {
      if (after) after();
    }
    const std::function<void()>& after;
  };

  absl::Status cubin_failure_;
  absl::Status put_failure_;
  std::function<void()> before_put_;
  std::function<void()> after_put_;
  std::atomic<int> cubin_reads_{0};
  std::atomic<absl::Notification*> cubin_gate_{nullptr};
  mutable absl::Mutex used_mutex_;
  std::vector<std::string> used_ ABSL_GUARDED_BY(used_mutex_);
  std::atomic<int> stats_reads_{0};
  std::atomic<absl::Notification*> stats_gate_{nullptr};
  std::atomic<int> signer_writes_{0};
  std::atomic<absl::Notification*> signer_gate_{nullptr};
  std::atomic<int> backups_{0};
  std::atomic<absl::Notification*> backup_gate_{nullptr};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_
