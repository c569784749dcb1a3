// The part of SqliteStore that keeps cubins, compiled kernels by their sources, and the quarantine.
#include <utility>

#include "proto/support/sha256.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/zstd_blob.h"

namespace tilewright {
namespace {

// Returns a stored cubin if it still has its hash.
std::optional<std::string> SoundCubin(const std::string& content_hash, std::string_view zstd) {
  std::optional<std::string> cubin = ZstdDecompress(zstd);
  if (!cubin || Sha256(*cubin) != content_hash) {
    LogDamage("cubin", ToHex(content_hash));
    return std::nullopt;
  }
  return cubin;
}

// Converts `code` without its cubin, which is stored by content.
store::CompiledRecord ToCompiledRecord(const CompiledCode& code) {
  store::CompiledRecord record;
  record.set_content_hash(Sha256(code.cubin));
  record.set_seconds(code.seconds);
  for (const EntryResources& entry : code.entries) {
    store::CompiledRecord::Entry& stored = *record.add_entries();
    stored.set_entry_symbol(entry.entry_symbol);
    stored.set_registers_per_thread(entry.registers_per_thread);
    stored.set_spill_bytes(entry.spill_bytes);
    stored.set_static_shared_memory_bytes(entry.static_shared_memory_bytes);
  }
  return record;
}

// Converts back. `seconds` is 0: nothing was compiled this time.
CompiledCode FromCompiledRecord(const store::CompiledRecord& record, std::string cubin) {
  CompiledCode code;
  code.cubin = std::move(cubin);
  for (const store::CompiledRecord::Entry& stored : record.entries()) {
    EntryResources& entry = code.entries.emplace_back();
    entry.entry_symbol = stored.entry_symbol();
    entry.registers_per_thread = stored.registers_per_thread();
    entry.spill_bytes = stored.spill_bytes();
    entry.static_shared_memory_bytes = stored.static_shared_memory_bytes();
  }
  return code;
}

}  // namespace

void UpsertCubin(SqliteConnection& connection, const std::string& content_hash,
                 const std::string& cubin) {
  connection
      .Use(
          "INSERT INTO kernels (content_hash, cubin_zstd) VALUES (?, ?)"
          " ON CONFLICT (content_hash) DO UPDATE SET cubin_zstd = excluded.cubin_zstd"
          " WHERE cubin_zstd IS NOT excluded.cubin_zstd")
      .Blob(content_hash)
      .Blob(ZstdCompress(cubin))
      .Run();
}

absl::Status SqliteStore::PutCompiled(const std::string& compile_key, const CompiledCode& code) {
  const store::CompiledRecord record = ToCompiledRecord(code);
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    WriteTransaction transaction(writer_->database());
    UpsertCubin(*writer_, record.content_hash(), code.cubin);
    writer_
        ->Use(
            "INSERT INTO compile_cache (compile_key, content_hash, record) VALUES (?, ?, ?)"
            " ON CONFLICT (compile_key) DO UPDATE"
            " SET content_hash = excluded.content_hash, record = excluded.record")
        .Blob(compile_key)
        .Blob(record.content_hash())
        .Blob(Seal({"compile_cache", compile_key}, record.SerializeAsString()))
        .Run();
    transaction.Commit();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<CompiledCode>> SqliteStore::FindCompiled(
    const std::string& compile_key) {
  using Result = absl::StatusOr<std::optional<CompiledCode>>;
  return Read("compiled kernel", Result(std::nullopt), [&](SqliteConnection& reader) -> Result {
    Query find = reader.Use(
        "SELECT c.record, k.cubin_zstd FROM compile_cache c"
        " JOIN kernels k ON k.content_hash = c.content_hash WHERE c.compile_key = ?");
    find.Blob(compile_key);
    if (!find.Next()) return std::nullopt;
    const auto payload = Unseal({"compile_cache", compile_key}, find.BlobAt(0));
    store::CompiledRecord record;
    if (!payload || !record.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
      LogDamage("compiled kernel", ToHex(compile_key));
      return std::nullopt;
    }
    std::optional<std::string> cubin = SoundCubin(record.content_hash(), find.BlobAt(1));
    if (!cubin) return std::nullopt;
    return FromCompiledRecord(record, *std::move(cubin));
  });
}

absl::StatusOr<std::string> SqliteStore::GetCubin(const std::string& content_hash) {
  using Result = absl::StatusOr<std::string>;
  return Read("cubin", Result(CubinDamaged(content_hash)), [&](SqliteConnection& reader) -> Result {
    Query find = reader.Use("SELECT cubin_zstd FROM kernels WHERE content_hash = ?");
    find.Blob(content_hash);
    if (!find.Next()) return CubinNotStored(content_hash);
    std::optional<std::string> cubin = SoundCubin(content_hash, find.BlobAt(0));
    if (!cubin) return CubinDamaged(content_hash);
    return *std::move(cubin);
  });
}

absl::Status SqliteStore::Quarantine(const std::string& content_hash,
                                     const std::string& silicon_key, const std::string& problem_key,
                                     const v1::Failure& failure) {
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    writer_
        ->Use(
            "INSERT INTO quarantine (content_hash, silicon_key, problem_key, record)"
            " VALUES (?, ?, ?, ?) ON CONFLICT (content_hash, silicon_key, problem_key)"
            " DO UPDATE SET record = excluded.record")
        .Blob(content_hash)
        .Blob(silicon_key)
        .Blob(problem_key)
        .Blob(Seal({"quarantine", content_hash, silicon_key, problem_key},
                   failure.SerializeAsString()))
        .Run();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<v1::Failure>> SqliteStore::FindQuarantined(
    const std::string& content_hash, const std::string& silicon_key,
    const std::string& problem_key) {
  using Result = absl::StatusOr<std::optional<v1::Failure>>;
  return Read("quarantine entry", Result(std::nullopt), [&](SqliteConnection& reader) -> Result {
    Query find = reader.Use(
        "SELECT problem_key, record FROM quarantine"
        " WHERE content_hash = ? AND silicon_key = ? AND problem_key IN (x'', ?)"
        " ORDER BY problem_key DESC");
    find.Blob(content_hash).Blob(silicon_key).Blob(problem_key);
    while (find.Next()) {
      const auto payload =
          Unseal({"quarantine", content_hash, silicon_key, find.BlobAt(0)}, find.BlobAt(1));
      v1::Failure failure;
      if (payload && failure.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
        return failure;
      }
      LogDamage("quarantine entry", ToHex(content_hash));
    }
    return std::nullopt;
  });
}

absl::Status SqliteStore::ForEachQuarantined(
    std::function<void(const QuarantineEntry& entry)> visit) {
  return Read("quarantine", absl::OkStatus(), [&](SqliteConnection& reader) -> absl::Status {
    Query scan =
        reader.Use("SELECT content_hash, silicon_key, problem_key, record FROM quarantine");
    while (scan.Next()) {
      const QuarantineEntry entry = {scan.BlobAt(0), scan.BlobAt(1), scan.BlobAt(2)};
      if (Unseal({"quarantine", entry.content_hash, entry.silicon_key, entry.problem_key},
                 scan.BlobAt(3))) {
        visit(entry);
      } else {
        LogDamage("quarantine entry", ToHex(entry.content_hash));
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace tilewright
