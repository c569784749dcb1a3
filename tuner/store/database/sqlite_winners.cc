// The part of SqliteStore that writes tunings and reads one at a time.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

std::string SealCandidate(int64_t epoch, int64_t ordinal, std::string_view payload) {
  return Seal({"samples", absl::StrCat(epoch), absl::StrCat(ordinal)}, payload);
}

std::optional<std::string_view> UnsealCandidate(int64_t epoch, int64_t ordinal,
                                                std::string_view sealed) {
  return Unseal({"samples", absl::StrCat(epoch), absl::StrCat(ordinal)}, sealed);
}

// Returns the id of the row of `table` with this key. Makes the row if it is missing. `table` is
// silicons or environments; `column` has its payload.
int64_t TargetPartId(SqliteConnection& connection, const std::string& table,
                     const std::string& column, const std::string& key,
                     const std::string& payload) {
  {
    Query find = connection.Use(absl::StrCat("SELECT id FROM ", table, " WHERE key = ?"));
    find.Blob(key);
    if (find.Next()) return find.IntAt(0);
  }
  connection.Use(absl::StrCat("INSERT INTO ", table, " (key, ", column, ") VALUES (?, ?)"))
      .Blob(key)
      .Blob(payload)
      .Run();
  return connection.database().getLastInsertRowid();
}

int64_t ProblemId(SqliteConnection& connection, const std::string& encoding,
                  const std::string& problem) {
  const std::string key = Sha256(encoding);
  {
    Query find = connection.Use("SELECT id, encoding FROM problems WHERE key = ?");
    find.Blob(key);
    if (find.Next()) {
      const int64_t id = find.IntAt(0);
      if (find.BlobAt(1) == encoding) return id;
      LogDamage("problem", "its encoding has another key; it is written again");
      connection.Use("UPDATE problems SET encoding = ?, problem = ? WHERE id = ?")
          .Blob(encoding)
          .Blob(problem)
          .Int(id)
          .Run();
      return id;
    }
  }
  connection.Use("INSERT INTO problems (key, encoding, problem) VALUES (?, ?, ?)")
      .Blob(key)
      .Blob(encoding)
      .Blob(problem)
      .Run();
  return connection.database().getLastInsertRowid();
}

int64_t SampleCount(const std::vector<v1::Candidate>& candidates) {
  int64_t count = 0;
  for (const v1::Candidate& candidate : candidates) {
    count += candidate.measurement().seconds_size();
  }
  return count;
}

// Returns the candidates that can be read. Damaged ones stay in the table.
absl::StatusOr<std::vector<v1::Candidate>> ReadCandidates(SqliteConnection& reader, int64_t epoch) {
  std::vector<v1::Candidate> candidates;
  RETURN_IF_ERROR(ReadAtBorder("candidate", absl::OkStatus(), [&]() -> absl::Status {
    Query scan = reader.Use("SELECT ordinal, record FROM samples WHERE epoch = ? ORDER BY ordinal");
    scan.Int(epoch);
    while (scan.Next()) {
      const auto payload = UnsealCandidate(epoch, scan.IntAt(0), scan.BlobAt(1));
      v1::Candidate candidate;
      if (payload && candidate.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
        candidates.push_back(std::move(candidate));
      } else {
        LogDamage("candidate", absl::StrCat("epoch ", epoch, ", number ", scan.IntAt(0)));
      }
    }
    return absl::OkStatus();
  }));
  return candidates;
}

}  // namespace

void InsertWinner(SqliteConnection& connection, int64_t epoch, const StoredWinner& winner,
                  int64_t sample_count, std::string_view sealed) {
  const v1::Target& target = winner.winner.target();
  const int64_t problem =
      ProblemId(connection, winner.problem_encoding, winner.winner.problem().SerializeAsString());
  const int64_t silicon = TargetPartId(connection, "silicons", "silicon", winner.silicon_key,
                                       target.silicon().SerializeAsString());
  const int64_t environment =
      TargetPartId(connection, "environments", "environment", winner.environment_key,
                   target.environment().SerializeAsString());
  Query insert = connection.Use(
      "INSERT INTO winners (epoch, problem_id, silicon_id, environment_id, content_hash,"
      " sample_count, record) VALUES (?, ?, ?, ?, ?, ?, ?)");
  insert.Int(epoch).Int(problem).Int(silicon).Int(environment);
  const std::string& hash = winner.kernel.content_hash();
  hash.empty() ? insert.Null() : insert.Blob(hash);
  insert.Int(sample_count).Blob(sealed).Run();
}

int64_t SqliteStore::NextEpoch() {
  Query next = writer_->Use(
      "SELECT max(coalesce((SELECT max(epoch) + 1 FROM winners), 1),"
      " (SELECT first_epoch FROM store_info))");
  next.Next();
  return next.IntAt(0);
}

absl::StatusOr<int64_t> SqliteStore::InsertTuning(const TuningRecord& record) {
  RETURN_IF_ERROR(CheckRecord(record));
  const StoredWinner& winner = record.winner;
  const std::string& hash = winner.kernel.content_hash();
  if (!hash.empty()) {
    Query kernel = writer_->Use("SELECT 1 FROM kernels WHERE content_hash = ?");
    kernel.Blob(hash);
    if (!kernel.Next()) return KernelNotStored(hash);
  }
  const int64_t epoch = NextEpoch();
  InsertWinner(*writer_, epoch, winner, SampleCount(record.candidates),
               SealWinner(epoch, PackWinner(winner, record.legal_configs)));
  int64_t ordinal = 0;
  for (const v1::Candidate& candidate : record.candidates) {
    writer_->Use("INSERT INTO samples (epoch, ordinal, record) VALUES (?, ?, ?)")
        .Int(epoch)
        .Int(ordinal)
        .Blob(SealCandidate(epoch, ordinal, candidate.SerializeAsString()))
        .Run();
    ++ordinal;
  }
  return epoch;
}

absl::StatusOr<int64_t> SqliteStore::PutTuning(const TuningRecord& record) {
  return Write([&]() -> absl::StatusOr<int64_t> {
    write_mutex_.AssertHeld();
    WriteTransaction transaction(writer_->database());
    ASSIGN_OR_RETURN(const int64_t epoch, InsertTuning(record));
    transaction.Commit();
    newest_epoch_ = epoch;
    return epoch;
  });
}

absl::StatusOr<std::vector<int64_t>> SqliteStore::PutImport(
    const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) {
  return Write([&]() -> absl::StatusOr<std::vector<int64_t>> {
    write_mutex_.AssertHeld();
    WriteTransaction transaction(writer_->database());
    for (const std::string& cubin : cubins) UpsertCubin(*writer_, Sha256(cubin), cubin);
    std::vector<int64_t> epochs;
    for (const TuningRecord& record : records) {
      ASSIGN_OR_RETURN(epochs.emplace_back(), InsertTuning(record));
    }
    transaction.Commit();
    if (!epochs.empty()) newest_epoch_ = epochs.back();
    return epochs;
  });
}

absl::StatusOr<TuningRecord> SqliteStore::GetTuning(const std::string& problem_encoding,
                                                    const std::string& silicon_key,
                                                    const std::string& environment_key) {
  const auto miss = [] { return TuningNotStored(); };
  return Read("tuning", absl::StatusOr<TuningRecord>(miss()),
              [&](SqliteConnection& reader) -> absl::StatusOr<TuningRecord> {
                Query find = reader.Use(
                    "SELECT w.epoch, w.record FROM winners w"
                    " JOIN problems p ON p.id = w.problem_id"
                    " JOIN silicons s ON s.id = w.silicon_id"
                    " JOIN environments e ON e.id = w.environment_id"
                    " WHERE p.key = ? AND s.key = ? AND e.key = ? ORDER BY w.epoch DESC");
                find.Blob(Sha256(problem_encoding)).Blob(silicon_key).Blob(environment_key);
                while (find.Next()) {
                  const int64_t epoch = find.IntAt(0);
                  const auto payload = UnsealWinner(epoch, find.BlobAt(1));
                  auto record = payload
                                    ? UnpackTuning(epoch, *payload)
                                    : absl::StatusOr<TuningRecord>(absl::DataLossError("its seal"));
                  if (!record.ok() || record->winner.problem_encoding != problem_encoding ||
                      record->winner.silicon_key != silicon_key ||
                      record->winner.environment_key != environment_key) {
                    LogDamage("winner", absl::StrCat("epoch ", epoch));
                    continue;
                  }
                  ASSIGN_OR_RETURN(record->candidates, ReadCandidates(reader, epoch));
                  return record;
                }
                return miss();
              });
}

}  // namespace tilewright
