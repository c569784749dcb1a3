#ifndef TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_
#define TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "tuner/store/memory_store.h"

namespace tilewright {

// A MemoryStore that counts how often a cubin is read, and can hold reads and writes up. Any
// thread.
class WatchedStore final : public TuningStore {
 public:
  int cubin_reads() const { return cubin_reads_; }

  // GetCubin waits for `gate`, which outlives this.
  void SetCubinGate(absl::Notification* gate) { cubin_gate_ = gate; }

  // What every PutTuning fails with from now on, as on a full disk; OK: nothing. Before it is used.
  void SetPutFailure(absl::Status failure) { put_failure_ = std::move(failure); }

  // Called around every PutTuning and PutImport. Set before the first.
  void SetPutHooks(std::function<void()> before, std::function<void()> after) {
    before_put_ = std::move(before);
    after_put_ = std::move(after);
  }

  absl::Status ForEachWinner(std::function<void(const PackedWinner&)> visit) override {
    return store_.ForEachWinner(std::move(visit));
  }
  absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) override {
    const Hooked hooked(*this);
    if (!put_failure_.ok()) return put_failure_;
    return store_.PutTuning(record);
  }
  absl::StatusOr<std::vector<int64_t>> PutImport(
      const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) override {
    const Hooked hooked(*this);
    return store_.PutImport(cubins, records);
  }
  absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                         const std::string& silicon_key,
                                         const std::string& environment_key) override {
    return store_.GetTuning(problem_encoding, silicon_key, environment_key);
  }
  absl::StatusOr<std::optional<CompiledCode>> FindCompiled(
      const std::string& compile_key) override {
    return store_.FindCompiled(compile_key);
  }
  absl::Status PutCompiled(const std::string& compile_key, const CompiledCode& code) override {
    return store_.PutCompiled(compile_key, code);
  }
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash) override {
    ++cubin_reads_;
    if (absl::Notification* gate = cubin_gate_) gate->WaitForNotification();
    return store_.GetCubin(content_hash);
  }
  absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                          const v1::Failure& failure) override {
    return store_.Quarantine(content_hash, silicon_key, failure);
  }
  absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key) override {
    return store_.FindQuarantined(content_hash, silicon_key);
  }
  absl::Status ForEachQuarantined(
      std::function<void(std::string_view content_hash, std::string_view silicon_key)> visit)
      override {
    return store_.ForEachQuarantined(std::move(visit));
  }
  absl::Status PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) override {
    return store_.PutSweep(sweep, request);
  }
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name) override {
    return store_.GetSweep(name);
  }
  absl::StatusOr<std::vector<v1::CreateSweepRequest>> UnfinishedSweeps() override {
    return store_.UnfinishedSweeps();
  }
  absl::StatusOr<v1::CacheStats> Stats() override { return store_.Stats(); }

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

  MemoryStore store_;
  absl::Status put_failure_;
  std::function<void()> before_put_;
  std::function<void()> after_put_;
  std::atomic<int> cubin_reads_{0};
  std::atomic<absl::Notification*> cubin_gate_{nullptr};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_SERVER_WATCHED_STORE_H_
