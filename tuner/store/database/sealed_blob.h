// Blobs with a checksum. SQLite has no checksums of its own, so without this a row with a flipped
// bit would be served.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tilewright {

// Returns SHA-256 of (context, payload), then the payload. The context names the row (its table and
// key), so a blob in the wrong row counts as damaged too.
std::string Seal(std::initializer_list<std::string_view> context, std::string_view payload);

// Returns the payload as a view into `sealed`; nothing if the hash is wrong.
std::optional<std::string_view> Unseal(std::initializer_list<std::string_view> context,
                                       std::string_view sealed);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_
