#include "tuner/store/database/salvage.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database/migrations.h"
#include "tuner/store/database/row_scan.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/store.pb.h"
#include "tuner/store/upgrade_v1.h"

namespace tilewright {
namespace {

constexpr NumberedTable kKernels = {
    "kernels", "id", "content_hash, cubin_zstd",
    "SELECT id FROM kernels INDEXED BY sqlite_autoindex_kernels_1 ORDER BY content_hash"};
constexpr NumberedTable kSweeps = {
    "sweeps", "id", "name, state, entry_count, record",
    "SELECT id FROM sweeps INDEXED BY sqlite_autoindex_sweeps_1 ORDER BY name"};
constexpr HashedTable kCompileCache = {"compile_cache", "compile_key", "content_hash, record"};
constexpr HashedTable kQuarantine = {"quarantine", "content_hash",
                                     "silicon_key, problem_key, record"};
constexpr HashedTable kQuarantineOfVersion1 = {"quarantine", "content_hash", "silicon_key, record"};
constexpr HashedTable kSigners = {"signers", "signer", "record"};
constexpr HashedTable kPruned = {"pruned_winners", "winner_key", "record"};
constexpr HashedTable kUses = {"kernel_uses", "content_hash", "served_seconds"};

// Returns the schema version. If the first page is unreadable, this is the version of this program;
// then no rows are found.
int VersionOf(SQLite::Database& database) {
  try {
    return SchemaVersion(database);
  } catch (const SQLite::Exception& error) {
    LogDamage("schema version", error.what());
    return Migrations().back().version;
  }
}

class Salvager {
 public:
  Salvager(SqliteConnection& from, SqliteConnection& to)
      : from_(from), to_(to), version_(VersionOf(from.database())) {}

  absl::StatusOr<Salvaged> Run() {
    CopyNumbered(kKernels, [&](const Query& row) { CopyKernel(row); });
    CopyNumbered(kWinnersTable, [&](const Query& row) { CopyWinner(row); });
    CopyNumbered(kSweeps, [&](const Query& row) { CopySweep(row); });
    CopyHashed(kCompileCache, [&](const Query& row) { CopyCompiled(row); });
    if (version_ == 1) {
      CopyHashed(kQuarantineOfVersion1, [&](const Query& row) { CopyOldQuarantine(row); });
    } else {
      CopyHashed(kQuarantine, [&](const Query& row) {
        PutQuarantine(row.BlobAt(0), row.BlobAt(1), row.BlobAt(2), row.BlobAt(3));
      });
      CopyHashed(kSigners, [&](const Query& row) { CopyKeyed(kSigners, row); });
      CopyHashed(kPruned, [&](const Query& row) { CopyKeyed(kPruned, row); });
      CopyHashed(kUses, [&](const Query& row) {
        to_.Use("INSERT OR IGNORE INTO kernel_uses (content_hash, served_seconds) VALUES (?, ?)")
            .Blob(row.BlobAt(0))
            .Int(row.IntAt(1))
            .Run();
      });
    }
    // A lost winner may still be named elsewhere. Its epoch must not be given out again.
    NoteNewest("SELECT max(epoch) FROM winners");
    NoteNewest("SELECT max(epoch) FROM samples");
    NoteNewest("SELECT first_epoch - 1 FROM store_info");
    NoteNewest(kWinnersTable.indexed_keys);
    RETURN_IF_ERROR(status_);
    return salvaged_;
  }

 private:
  static constexpr int64_t kUnbound = -1;

  // Any failure to read is logged. A failure to write is kept in status_ and ends the salvage.
  void Read(std::string_view what, const std::function<void()>& read) {
    if (!status_.ok()) return;
    try {
      read();
    } catch (const SQLite::Exception& error) {
      LogDamage(what, error.what());
    }
  }

  // Returns whether `write` succeeded.
  bool Try(const std::function<void()>& write) {
    status_.Update(AtBorder([&]() -> absl::Status {
      write();
      return absl::OkStatus();
    }));
    return status_.ok();
  }

  void CopyHashed(const HashedTable& table, const std::function<void(const Query&)>& copy) {
    Read(table.name, [&] {
      ScanByHash(from_, table, [&](const Query& row) { return Try([&] { copy(row); }); });
    });
  }

  void CopyNumbered(const NumberedTable& table, const std::function<void(const Query&)>& copy) {
    Read(table.name, [&] {
      ScanByNumber(from_, table, [&](const Query& row) { return Try([&] { copy(row); }); });
    });
  }

  void NoteNewest(const std::string& sql) {
    Read("epoch", [&] {
      ScanUntilDamage(from_, sql, kUnbound, [&](const Query& row) {
        salvaged_.newest_epoch = std::max(salvaged_.newest_epoch, row.IntAt(0));
        return true;
      });
    });
  }

  void CopyKernel(const Query& row) {
    to_.Use("INSERT OR IGNORE INTO kernels (id, content_hash, cubin_zstd) VALUES (?, ?, ?)")
        .Int(row.IntAt(0))
        .Blob(row.BlobAt(1))
        .Blob(row.BlobAt(2))
        .Run();
  }

  void CopyCompiled(const Query& row) {
    to_.Use(
           "INSERT OR IGNORE INTO compile_cache (compile_key, content_hash, record)"
           " VALUES (?, ?, ?)")
        .Blob(row.BlobAt(0))
        .Blob(row.BlobAt(1))
        .Blob(row.BlobAt(2))
        .Run();
  }

  // Copies a key and one sealed record.
  void CopyKeyed(const HashedTable& table, const Query& row) {
    to_.Use(absl::StrCat("INSERT OR IGNORE INTO ", table.name, " (", table.key, ", ", table.columns,
                         ") VALUES (?, ?)"))
        .Blob(row.BlobAt(0))
        .Blob(row.BlobAt(1))
        .Run();
  }

  void PutQuarantine(std::string_view content_hash, std::string_view silicon_key,
                     std::string_view problem_key, std::string_view record) {
    to_.Use(
           "INSERT OR IGNORE INTO quarantine (content_hash, silicon_key, problem_key, record)"
           " VALUES (?, ?, ?, ?)")
        .Blob(content_hash)
        .Blob(silicon_key)
        .Blob(problem_key)
        .Blob(record)
        .Run();
  }

  void CopyOldQuarantine(const Query& row) {
    const std::string content_hash(row.BlobAt(0));
    const std::string silicon_key(row.BlobAt(1));
    const auto failure = Unseal({"quarantine", content_hash, silicon_key}, row.BlobAt(2));
    if (!failure) return LogDamage("quarantine entry", ToHex(content_hash));
    PutQuarantine(content_hash, silicon_key, "",
                  Seal({"quarantine", content_hash, silicon_key, ""}, *failure));
  }

  // Returns the record in this version's form; nothing if it cannot be read.
  std::optional<std::string> CurrentWinner(int64_t epoch, std::string_view sealed) const {
    const auto payload = UnsealWinner(epoch, sealed);
    if (!payload || version_ != 1)
      return payload ? std::optional(std::string(*payload)) : std::nullopt;
    store::WinnerRecord record;
    if (!record.ParseFromArray(payload->data(), static_cast<int>(payload->size())) ||
        !UpgradeRecordV1(record)) {
      return std::nullopt;
    }
    return record.SerializeAsString();
  }

  // Makes problems and targets anew from the records of the winners, which have all of them.
  void CopyWinner(const Query& row) {
    const int64_t epoch = row.IntAt(0);
    const auto payload = CurrentWinner(epoch, row.BlobAt(1));
    const auto winner = payload ? UnpackWinner(epoch, *payload)
                                : absl::StatusOr<StoredWinner>(absl::DataLossError(""));
    if (!winner.ok()) {
      LogDamage("winner", absl::StrCat("epoch ", epoch));
      return;
    }
    InsertWinner(to_, epoch, *winner, row.IntAt(2), SealWinner(epoch, *payload));
    ++salvaged_.winners;
    CopyPart("samples", "epoch", "ordinal", epoch);
  }

  void CopySweep(const Query& row) {
    const int64_t id = row.IntAt(0);
    to_.Use(
           "INSERT OR IGNORE INTO sweeps (id, name, state, entry_count, record)"
           " VALUES (?, ?, ?, ?, ?)")
        .Int(id)
        .Text(std::string(row.BlobAt(1)))
        .Int(row.IntAt(2))
        .Int(row.IntAt(3))
        .Blob(row.BlobAt(4))
        .Run();
    CopyPart("sweep_requests", "sweep_id", "sweep_id", id);
    CopyPart("sweep_entries", "sweep_id", "ordinal", id);
  }

  // Copies the rows of `table` that belong to `owner`, from either end.
  void CopyPart(const std::string& table, const std::string& owner_column, const std::string& key,
                int64_t owner) {
    const std::string columns = owner_column == key ? key : absl::StrCat(owner_column, ", ", key);
    const std::string insert = absl::StrCat("INSERT OR IGNORE INTO ", table, " (record, ", columns,
                                            ") VALUES (?, ?", owner_column == key ? ")" : ", ?)");
    const std::string select = absl::StrCat("SELECT ", key, ", record FROM ", table, " WHERE ",
                                            owner_column, " = ? ORDER BY ", key);
    const auto copy = [&](const Query& row) {
      return Try([&] {
        Query put = to_.Use(insert);
        put.Blob(row.BlobAt(1)).Int(owner);
        if (owner_column != key) put.Int(row.IntAt(0));
        put.Run();
      });
    };
    Read(table, [&] {
      if (!ScanUntilDamage(from_, select, owner, copy)) {
        ScanUntilDamage(from_, select + " DESC", owner, copy);
      }
    });
  }

  SqliteConnection& from_;
  SqliteConnection& to_;
  const int version_;  // The schema version of `from_`.
  absl::Status status_;
  Salvaged salvaged_;
};

}  // namespace

absl::StatusOr<Salvaged> Salvage(SqliteConnection& from, SqliteConnection& to) {
  return AtBorder([&]() -> absl::StatusOr<Salvaged> {
    // The first PRAGMA also reads the schema of a truncated file. The second keeps rows whose
    // kernel is lost: a new compile brings the kernel back.
    from.database().exec("PRAGMA writable_schema=ON");
    to.database().exec("PRAGMA foreign_keys=OFF");
    WriteTransaction transaction(to.database());
    ASSIGN_OR_RETURN(const Salvaged salvaged, Salvager(from, to).Run());
    transaction.Commit();
    return salvaged;
  });
}

}  // namespace tilewright
