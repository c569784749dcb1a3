// The part of SqliteStore that reads winners for the index, around what is damaged.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "spdlog/spdlog.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/sealed_blob.h"
#include "tuner/store/sqlite_rows.h"
#include "tuner/store/sqlite_store.h"

namespace tilewright {
namespace {

// Says once, at the end of a scan, what was left out.
class DamageReport {
 public:
  ~DamageReport() {
    if (count_ == 0) return;
    spdlog::warn("{} damaged stored winners are left out, epochs {}{}", count_,
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

// Visits sound winners from epoch `from` on; returns the last epoch it came to. Throws
// where a page is damaged, having moved *last to the last epoch before it.
void ScanWinners(SqliteConnection& connection, int64_t from, int64_t* last,
                 const std::function<void(const PackedWinner&)>& visit, DamageReport* damage) {
  store::WinnerRecord holder;
  Query scan = connection.Use("SELECT epoch, record FROM winners WHERE epoch >= ? ORDER BY epoch");
  scan.Int(from);
  while (scan.Next()) {
    const int64_t epoch = scan.IntAt(0);
    *last = epoch;
    const auto payload = UnsealWinner(epoch, scan.BlobAt(1));
    const auto view = payload ? ViewWinner(epoch, *payload, &holder)
                              : absl::StatusOr<PackedWinner>(absl::DataLossError(""));
    if (view.ok()) {
      visit(*view);
    } else {
      damage->Add(epoch);
    }
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
  // A connection of its own: the scan is long, and `visit` may ask this store.
  return AtBorder([&]() -> absl::Status {
    SqliteConnection connection(database_path_, SqliteConnection::Mode::kReadOnly);
    DamageReport damage;
    // A page that cannot be read ends a scan, and hides which epochs it held: go on behind
    // it, epoch by epoch. The most an inner page can take away is ~1300 winners
    // (400 children of 3 rows or more); past that the rest is not to be found this way.
    constexpr int64_t kLargestGap = 5000;
    int64_t last = 0;
    int64_t from = 0;
    while (from - last <= kLargestGap) {
      try {
        ScanWinners(connection, from, &last, visit, &damage);
        return absl::OkStatus();
      } catch (const SQLite::Exception& error) {
        if (!IsDamage(error)) throw;
        const int64_t unreadable = std::max(from, last + 1);
        damage.Add(unreadable);
        from = unreadable + 1;
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace tilewright
