// The part of SqliteStore that keeps sweeps. Each entry has its own row, so a step in a sweep of
// 10,000 problems writes only the entry that changed.
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

template <typename Message>
std::optional<Message> ParseSealed(std::initializer_list<std::string_view> context,
                                   std::string_view sealed) {
  const auto payload = Unseal(context, sealed);
  Message message;
  if (!payload || !message.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
    return std::nullopt;
  }
  return message;
}

// Returns the context of a sweep's own row, in which the number of entries is sealed.
std::string CountOf(int64_t entries) { return absl::StrCat(entries); }

int64_t UpsertSweep(SqliteConnection& connection, const v1::Sweep& sweep,
                    const v1::CreateSweepRequest& request) {
  v1::Sweep head = sweep;
  head.clear_entries();
  connection
      .Use(
          "INSERT INTO sweeps (name, state, entry_count, record) VALUES (?, ?, ?, ?)"
          " ON CONFLICT (name) DO UPDATE SET state = excluded.state,"
          " entry_count = excluded.entry_count, record = excluded.record")
      .Text(sweep.name())
      .Int(sweep.state())
      .Int(sweep.entries_size())
      .Blob(Seal({"sweeps", sweep.name(), CountOf(sweep.entries_size())}, head.SerializeAsString()))
      .Run();
  Query find = connection.Use("SELECT id FROM sweeps WHERE name = ?");
  find.Text(sweep.name()).Next();
  const int64_t id = find.IntAt(0);
  connection
      .Use(
          "INSERT INTO sweep_requests (sweep_id, record) VALUES (?, ?)"
          " ON CONFLICT (sweep_id) DO UPDATE SET record = excluded.record"
          " WHERE record IS NOT excluded.record")
      .Int(id)
      .Blob(Seal({"sweep_requests", sweep.name()}, request.SerializeAsString()))
      .Run();
  return id;
}

// Returns the entry as it was requested, to do it again.
v1::SweepEntry RequestedEntry(const v1::CreateSweepRequest& request, int ordinal) {
  v1::SweepEntry entry;
  if (ordinal < request.entries_size()) {
    entry.set_label(request.entries(ordinal).label());
    *entry.mutable_problem() = request.entries(ordinal).problem();
  }
  entry.set_state(v1::WORK_STATE_QUEUED);
  return entry;
}

absl::Status ReadSweepEntries(SqliteConnection& reader, int64_t id, v1::Sweep* sweep) {
  return ReadAtBorder("sweep entry", absl::OkStatus(), [&]() -> absl::Status {
    Query scan = reader.Use(
        "SELECT ordinal, record FROM sweep_entries"
        " WHERE sweep_id = ? AND ordinal >= 0 AND ordinal < ?");
    scan.Int(id).Int(sweep->entries_size());
    while (scan.Next()) {
      const int ordinal = static_cast<int>(scan.IntAt(0));
      auto entry = ParseSealed<v1::SweepEntry>(
          {"sweep_entries", sweep->name(), absl::StrCat(ordinal)}, scan.BlobAt(1));
      if (entry) {
        *sweep->mutable_entries(ordinal) = *std::move(entry);
      } else {
        LogDamage("sweep entry", absl::StrCat(sweep->name(), ", number ", ordinal));
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status SqliteStore::PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) {
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    WriteTransaction transaction(writer_->database());
    const int64_t id = UpsertSweep(*writer_, sweep, request);
    for (int i = 0; i < sweep.entries_size(); ++i) {
      const std::string payload = sweep.entries(i).SerializeAsString();
      writer_
          ->Use(
              "INSERT INTO sweep_entries (sweep_id, ordinal, record) VALUES (?, ?, ?)"
              " ON CONFLICT (sweep_id, ordinal) DO UPDATE SET record = excluded.record"
              " WHERE record IS NOT excluded.record")
          .Int(id)
          .Int(i)
          .Blob(Seal({"sweep_entries", sweep.name(), absl::StrCat(i)}, payload))
          .Run();
    }
    transaction.Commit();
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Sweep> SqliteStore::GetSweep(const std::string& name) {
  using Result = absl::StatusOr<v1::Sweep>;
  return Read("sweep", Result(SweepNotStored(name)), [&](SqliteConnection& reader) -> Result {
    Query find = reader.Use(
        "SELECT s.id, s.entry_count, s.record, r.record FROM sweeps s"
        " JOIN sweep_requests r ON r.sweep_id = s.id WHERE s.name = ?");
    find.Text(name);
    if (!find.Next()) return SweepNotStored(name);
    const int64_t count = find.IntAt(1);
    auto sweep = ParseSealed<v1::Sweep>({"sweeps", name, CountOf(count)}, find.BlobAt(2));
    const auto request =
        ParseSealed<v1::CreateSweepRequest>({"sweep_requests", name}, find.BlobAt(3));
    if (!sweep || !request) {
      LogDamage("sweep", name);
      return SweepNotStored(name);
    }
    for (int i = 0; i < count; ++i) *sweep->add_entries() = RequestedEntry(*request, i);
    RETURN_IF_ERROR(ReadSweepEntries(reader, find.IntAt(0), &*sweep));
    return *std::move(sweep);
  });
}

absl::StatusOr<std::vector<v1::CreateSweepRequest>> SqliteStore::UnfinishedSweeps() {
  std::vector<v1::CreateSweepRequest> requests;
  RETURN_IF_ERROR(Read("sweep", absl::OkStatus(), [&](SqliteConnection& reader) -> absl::Status {
    Query scan = reader.Use(
        "SELECT s.name, r.record FROM sweeps s JOIN sweep_requests r ON r.sweep_id = s.id"
        " WHERE s.state NOT IN (?, ?, ?) ORDER BY s.id");
    scan.Int(v1::WORK_STATE_SUCCEEDED).Int(v1::WORK_STATE_FAILED).Int(v1::WORK_STATE_CANCELLED);
    while (scan.Next()) {
      const std::string name(scan.BlobAt(0));
      auto request = ParseSealed<v1::CreateSweepRequest>({"sweep_requests", name}, scan.BlobAt(1));
      if (request) {
        requests.push_back(*std::move(request));
      } else {
        LogDamage("sweep", name);
      }
    }
    return absl::OkStatus();
  }));
  return requests;
}

}  // namespace tilewright
