// The part of SqliteStore that reads winners for the index, around damaged rows.
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/support/counted.h"
#include "spdlog/spdlog.h"
#include "tuner/store/database/row_scan.h"
#include "tuner/store/database/sealed_blob.h"
#include "tuner/store/database/sqlite_rows.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

// Reports once, at the end of a scan, which winners were left out.
class DamageReport {
 public:
  ~DamageReport() {
    if (count_ == 0) return;
    spdlog::warn("{} left out, of epoch {}{}", Counted(count_, "damaged stored winner"),
                 absl::StrJoin(first_, ", "), count_ > kListed ? ", ..." : "");
  }
  void Add(int64_t epoch) {
    if (++count_ <= kListed) first_.push_back(epoch);
  }

 private:
  static constexpr int64_t kListed = 8;
  int64_t count_ = 0;
  std::vector<int64_t> first_;
};

void Report(const UnreadableKeys& unreadable) {
  if (unreadable.last == std::numeric_limits<int64_t>::max()) {
    spdlog::error("stored winners from epoch {} on cannot be read and are left out",
                  unreadable.first);
  } else {
    spdlog::warn("stored winners of epochs {} to {} cannot be read and are left out",
                 unreadable.first, unreadable.last);
  }
}

}  // namespace

std::string SealWinner(int64_t epoch, std::string_view packed) {
  return Seal({"winners", absl::StrCat(epoch)}, packed);
}

std::optional<std::string_view> UnsealWinner(int64_t epoch, std::string_view sealed) {
  return Unseal({"winners", absl::StrCat(epoch)}, sealed);
}

std::optional<StoredWinner> ReadWinner(SqliteConnection& connection, int64_t epoch) {
  Query find = connection.Use("SELECT record FROM winners WHERE epoch = ?");
  find.Int(epoch);
  if (!find.Next()) return std::nullopt;
  if (const auto payload = UnsealWinner(epoch, find.BlobAt(0))) {
    if (auto winner = UnpackWinner(epoch, *payload); winner.ok()) return *std::move(winner);
  }
  LogDamage("winner", absl::StrCat("epoch ", epoch));
  return std::nullopt;
}

absl::Status SqliteStore::ForEachWinner(std::function<void(const PackedWinner&)> visit) {
  // Uses its own connection: the scan is long, and `visit` may ask this store.
  return AtBorder(Purpose::kRead, [&]() -> absl::Status {
    const ReadPlace place = WhereToRead();
    SqliteConnection connection(place.path, place.mode);
    store::WinnerRecord holder;
    DamageReport damage;
    const auto unreadable = ScanByNumber(connection, kWinnersTable, [&](const Query& row) {
      const int64_t epoch = row.IntAt(0);
      const auto payload = UnsealWinner(epoch, row.BlobAt(1));
      const auto view = payload ? ViewWinner(epoch, *payload, &holder)
                                : absl::StatusOr<PackedWinner>(absl::DataLossError(""));
      if (view.ok()) {
        visit(*view);
      } else {
        damage.Add(epoch);
      }
      return true;
    });
    for (const UnreadableKeys& keys : unreadable) Report(keys);
    return absl::OkStatus();
  });
}

}  // namespace tilewright
