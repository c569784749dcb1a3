// The part of SqliteStore that removes winners by name, superseded or unused ones, and all that
// nothing needs any more. It also makes backups, because removed rows cannot come back otherwise.
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/store.pb.h"

namespace tilewright {
namespace {

std::optional<PrunedEpochs> ReadPruned(std::string_view key, std::string_view sealed) {
  const auto payload = Unseal({"pruned_winners", key}, sealed);
  store::PrunedRecord record;
  if (!payload || !record.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
    LogDamage("record of a removed winner", ToHex(key));
    return std::nullopt;
  }
  return PrunedEpochs{ToHex(key), record.shapeless_key(), record.first_epoch(),
                      record.last_epoch()};
}

// Extends the removed range of the winner's problem and target to its epoch.
PrunedEpochs NotePruned(SqliteConnection& connection, const StoredWinner& winner) {
  const std::string key = FromHex(winner.winner.key());
  const int64_t epoch = winner.winner.epoch();
  PrunedEpochs pruned = {winner.winner.key(), winner.shapeless_key, epoch, epoch};
  {
    Query find = connection.Use("SELECT record FROM pruned_winners WHERE winner_key = ?");
    find.Blob(key);
    if (find.Next()) {
      if (const auto known = ReadPruned(key, find.BlobAt(0))) {
        pruned.first = std::min(pruned.first, known->first);
        pruned.last = std::max(pruned.last, known->last);
      }
    }
  }
  store::PrunedRecord record;
  record.set_shapeless_key(pruned.shapeless_key);
  record.set_first_epoch(pruned.first);
  record.set_last_epoch(pruned.last);
  connection
      .Use(
          "INSERT INTO pruned_winners (winner_key, record) VALUES (?, ?)"
          " ON CONFLICT (winner_key) DO UPDATE SET record = excluded.record")
      .Blob(key)
      .Blob(Seal({"pruned_winners", key}, record.SerializeAsString()))
      .Run();
  return pruned;
}

// Removes kernels that neither a winner nor a cached compile names. Returns how many.
int64_t RemoveOrphans(SqliteConnection& connection) {
  connection
      .Use(
          "DELETE FROM kernels WHERE content_hash NOT IN"
          " (SELECT content_hash FROM winners WHERE content_hash IS NOT NULL)"
          " AND content_hash NOT IN (SELECT content_hash FROM compile_cache)")
      .Run();
  const int64_t kernels = connection.database().getChanges();
  connection
      .Use("DELETE FROM kernel_uses WHERE content_hash NOT IN (SELECT content_hash FROM kernels)")
      .Run();
  for (const char* sql :
       {"DELETE FROM problems WHERE id NOT IN (SELECT problem_id FROM winners)",
        "DELETE FROM silicons WHERE id NOT IN (SELECT silicon_id FROM winners)",
        "DELETE FROM environments WHERE id NOT IN (SELECT environment_id FROM winners)"}) {
    connection.Use(sql).Run();
  }
  return kernels;
}

// Drops the cached compiles whose kernel no winner has.
constexpr char kDropUnwonCompiles[] =
    "DELETE FROM compile_cache WHERE content_hash NOT IN"
    " (SELECT content_hash FROM winners WHERE content_hash IS NOT NULL)";

// Returns the bytes that the rows take, without SQLite's free pages.
int64_t UsedBytes(SqliteConnection& connection) {
  SQLite::Database& database = connection.database();
  const int64_t pages = database.execAndGet("PRAGMA page_count").getInt64() -
                        database.execAndGet("PRAGMA freelist_count").getInt64();
  return pages * database.execAndGet("PRAGMA page_size").getInt64();
}

// Returns the winners that are older than the served one of their problem and target.
std::vector<int64_t> Superseded(SqliteConnection& connection, const std::vector<int64_t>& served) {
  const std::unordered_set<int64_t> is_served(served.begin(), served.end());
  using Place = std::tuple<int64_t, int64_t, int64_t>;
  std::map<Place, std::vector<int64_t>> places;  // Epochs, ascending.
  {
    Query scan = connection.Use(
        "SELECT epoch, problem_id, silicon_id, environment_id FROM winners ORDER BY epoch");
    while (scan.Next()) {
      places[{scan.IntAt(1), scan.IntAt(2), scan.IntAt(3)}].push_back(scan.IntAt(0));
    }
  }
  std::vector<int64_t> superseded;
  for (const auto& [place, epochs] : places) {
    const auto newest_served = std::find_if(
        epochs.rbegin(), epochs.rend(), [&](int64_t epoch) { return is_served.count(epoch) > 0; });
    const int64_t newest = newest_served == epochs.rend() ? epochs.back() : *newest_served;
    for (const int64_t epoch : epochs) {
      if (epoch < newest) superseded.push_back(epoch);
    }
  }
  std::sort(superseded.begin(), superseded.end());
  return superseded;
}

std::vector<int64_t> Epochs(SqliteConnection& connection, const std::string& sql) {
  std::vector<int64_t> epochs;
  Query query = connection.Use(sql);
  while (query.Next()) epochs.push_back(query.IntAt(0));
  return epochs;
}

}  // namespace

void SqliteStore::RemoveWinner(int64_t epoch, Removed* removed) {
  const auto winner = ReadWinner(*writer_, epoch);
  // The problem of a damaged winner is not known. It answered nobody.
  if (winner) removed->pruned.push_back(NotePruned(*writer_, *winner));
  writer_->Use("DELETE FROM samples WHERE epoch = ?").Int(epoch).Run();
  std::string content_hash;
  {
    Query find = writer_->Use("SELECT content_hash FROM winners WHERE epoch = ?");
    find.Int(epoch);
    if (find.Next()) content_hash = std::string(find.BlobAt(0));
  }
  writer_->Use("DELETE FROM winners WHERE epoch = ?").Int(epoch).Run();
  // Its compile goes too, unless another winner has the same kernel.
  writer_
      ->Use(
          "DELETE FROM compile_cache WHERE content_hash = ? AND content_hash NOT IN"
          " (SELECT content_hash FROM winners WHERE content_hash IS NOT NULL)")
      .Blob(content_hash)
      .Run();
  removed->epochs.push_back(epoch);
}

absl::StatusOr<Removed> SqliteStore::Remove(const std::vector<int64_t>& epochs, bool dry_run) {
  return RemoveInTransaction(dry_run, [&](Removed* removed) {
    write_mutex_.AssertHeld();
    for (const int64_t epoch : epochs) {
      Query find = writer_->Use("SELECT 1 FROM winners WHERE epoch = ?");
      if (find.Int(epoch).Next()) RemoveWinner(epoch, removed);
    }
    removed->kernels = RemoveOrphans(*writer_);
  });
}

absl::StatusOr<Removed> SqliteStore::Prune(const PruneOptions& options) {
  return RemoveInTransaction(options.dry_run, [&](Removed* removed) {
    write_mutex_.AssertHeld();
    const std::vector<int64_t> superseded = Superseded(*writer_, options.served);
    const bool limited = options.max_bytes > 0;
    for (const int64_t epoch : superseded) RemoveWinner(epoch, removed);
    removed->superseded = static_cast<int64_t>(removed->epochs.size());
    removed->kernels = RemoveOrphans(*writer_);
    if (!limited || UsedBytes(*writer_) <= options.max_bytes) return;
    writer_->Use(kDropUnwonCompiles).Run();
    removed->kernels += RemoveOrphans(*writer_);
    // By the time when their kernel was last served. Never served ones come first.
    const std::vector<int64_t> unused =
        Epochs(*writer_, absl::StrCat("SELECT w.epoch FROM winners w LEFT JOIN kernel_uses u"
                                      " ON u.content_hash = w.content_hash"
                                      " WHERE w.content_hash IS NOT NULL"
                                      " AND coalesce(u.served_seconds, 0) < ",
                                      options.served_since,
                                      " ORDER BY coalesce(u.served_seconds, 0), w.epoch"));
    // A search for orphans reads whole tables.
    constexpr std::size_t kBatch = 64;
    for (std::size_t i = 0; i < unused.size(); ++i) {
      if (i % kBatch == 0 && UsedBytes(*writer_) <= options.max_bytes) return;
      RemoveWinner(unused[i], removed);
      if (i % kBatch == kBatch - 1 || i + 1 == unused.size() || unused.size() < kBatch) {
        removed->kernels += RemoveOrphans(*writer_);
        if (UsedBytes(*writer_) <= options.max_bytes) return;
      }
    }
  });
}

absl::StatusOr<Removed> SqliteStore::RemoveInTransaction(
    bool dry_run, const std::function<void(Removed*)>& remove) {
  return Write([&]() -> absl::StatusOr<Removed> {
    write_mutex_.AssertHeld();
    Removed removed;
    removed.bytes_before = UsedBytes(*writer_);
    {
      WriteTransaction transaction(writer_->database());
      // Epochs are never given out again, even if the newest winner is removed.
      const int64_t next = NextEpoch();
      writer_->Use("UPDATE store_info SET first_epoch = max(first_epoch, ?)").Int(next).Run();
      remove(&removed);
      removed.bytes_after = UsedBytes(*writer_);
      if (dry_run) return removed;  // Rolled back.
      transaction.Commit();
    }
    if (removed.bytes_after == removed.bytes_before) return removed;
    // Gives the free pages back. If the disk is too full for that, the rows are gone all the same
    // and new ones use their place.
    try {
      writer_->database().exec("VACUUM");
      // Otherwise the new pages stay in the log until the next checkpoint.
      writer_->database().exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const SQLite::Exception& error) {
      spdlog::warn("the database could not be made smaller: {}", error.what());
    }
    return removed;
  });
}

absl::Status SqliteStore::NoteServed(const std::vector<std::string>& content_hashes,
                                     int64_t seconds) {
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    WriteTransaction transaction(writer_->database());
    for (const std::string& hash : content_hashes) {
      writer_
          ->Use(
              "INSERT INTO kernel_uses (content_hash, served_seconds) VALUES (?, ?)"
              " ON CONFLICT (content_hash) DO UPDATE SET served_seconds = excluded.served_seconds")
          .Blob(hash)
          .Int(seconds)
          .Run();
    }
    transaction.Commit();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<PrunedEpochs>> SqliteStore::Pruned() {
  using Result = absl::StatusOr<std::vector<PrunedEpochs>>;
  const Result none = std::vector<PrunedEpochs>();
  return Read("removed winners", none, [&](SqliteConnection& reader) -> Result {
    std::vector<PrunedEpochs> all;
    Query scan = reader.Use("SELECT winner_key, record FROM pruned_winners");
    while (scan.Next()) {
      if (auto pruned = ReadPruned(scan.BlobAt(0), scan.BlobAt(1))) {
        all.push_back(*std::move(pruned));
      }
    }
    return all;
  });
}

absl::Status SqliteStore::Backup(const std::string& path) {
  // Uses its own connection, so that look-ups of cubins go on meanwhile.
  return AtBorder([&]() -> absl::Status {
    const ReadPlace place = WhereToRead();
    SqliteConnection connection(place.path, place.mode);
    SQLite::Statement vacuum(connection.database(), "VACUUM INTO ?");
    vacuum.bind(1, path);
    vacuum.exec();
    return absl::OkStatus();
  });
}

}  // namespace tilewright
