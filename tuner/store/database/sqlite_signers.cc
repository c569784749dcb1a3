// The part of SqliteStore that keeps the trusted signers.
#include <algorithm>
#include <utility>

#include "proto/support/sha256.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {

absl::StatusOr<std::vector<TrustedSigner>> SqliteStore::Signers() {
  using Result = absl::StatusOr<std::vector<TrustedSigner>>;
  const Result none = std::vector<TrustedSigner>();
  return Read("signers", none, [&](SqliteConnection& reader) -> Result {
    std::vector<TrustedSigner> signers;
    Query scan = reader.Use("SELECT signer, record FROM signers ORDER BY signer");
    while (scan.Next()) {
      const auto payload = Unseal({"signers", scan.BlobAt(0)}, scan.BlobAt(1));
      store::SignerRecord record;
      // A damaged signer is not trusted until somebody trusts it again.
      if (payload && record.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
        signers.push_back({ToHex(scan.BlobAt(0)), record.display_name(), record.trust_seconds()});
      } else {
        LogDamage("signer", ToHex(scan.BlobAt(0)));
      }
    }
    return signers;
  });
}

absl::Status SqliteStore::PutSigner(const TrustedSigner& signer) {
  absl::MutexLock signers(&signers_mutex_);
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> known, Signers());
  RETURN_IF_ERROR(CheckNameIsFree(signer, known));
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    const std::string key = FromHex(signer.signer);
    store::SignerRecord record;
    record.set_display_name(signer.display_name);
    record.set_trust_seconds(signer.trust_seconds);
    writer_
        ->Use(
            "INSERT INTO signers (signer, record) VALUES (?, ?)"
            " ON CONFLICT (signer) DO UPDATE SET record = excluded.record")
        .Blob(key)
        .Blob(Seal({"signers", key}, record.SerializeAsString()))
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::RemoveSigner(const std::string& signer) {
  return Write([&]() -> absl::Status {
    write_mutex_.AssertHeld();
    writer_->Use("DELETE FROM signers WHERE signer = ?").Blob(FromHex(signer)).Run();
    return writer_->database().getChanges() > 0 ? absl::OkStatus() : SignerNotStored(signer);
  });
}

absl::StatusOr<std::vector<StoredWinner>> SqliteStore::AdoptWinners(const std::string& signer) {
  using Result = absl::StatusOr<std::vector<StoredWinner>>;
  return Write([&]() -> Result {
    write_mutex_.AssertHeld();
    std::vector<StoredWinner> adopted;
    SqliteConnection& writer = *writer_;
    WriteTransaction transaction(writer.database());
    ScanByNumber(writer, kWinnersTable, [&](const Query& row) {
      const int64_t epoch = row.IntAt(0);
      const auto payload = UnsealWinner(epoch, row.BlobAt(1));
      if (!payload) return true;
      auto tuning = UnpackTuning(epoch, *payload);
      if (!tuning.ok() || !IsOfUnknownSigner(tuning->winner.winner)) return true;
      tuning->winner.winner.set_signer(signer);
      writer.Use("UPDATE winners SET record = ? WHERE epoch = ?")
          .Blob(SealWinner(epoch, PackWinner(tuning->winner, tuning->legal_configs)))
          .Int(epoch)
          .Run();
      adopted.push_back(std::move(tuning->winner));
      return true;
    });
    transaction.Commit();
    return adopted;
  });
}

}  // namespace tilewright
