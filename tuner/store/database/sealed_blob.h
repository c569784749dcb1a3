// Blobs that tell when they were damaged: SQLite has no checksums of its own, so a flipped
// bit in a row would otherwise be served.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tilewright {

// SHA-256 of (context, payload), then the payload. The context names the row (its table
// and key), so that a blob in the wrong row is damage too.
std::string Seal(std::initializer_list<std::string_view> context, std::string_view payload);

// The payload, as a view into `sealed`; nothing where the hash does not hold.
std::optional<std::string_view> Unseal(std::initializer_list<std::string_view> context,
                                       std::string_view sealed);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SEALED_BLOB_H_
