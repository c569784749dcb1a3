// Bundles: the signed export file. Layout (all integers little-endian): magic
// "TWBUNDLE", u32 format version, u64 manifest length, manifest (protobuf
// tilewright.store.BundleManifest), 32-byte Ed25519 public key, 64-byte signature of the
// bytes before it, then for each manifest entry u64 length and the record's bytes. The
// manifest names every record by SHA-256; no paths anywhere.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct BundleContents {
  std::vector<TuningRecord> records;      // Provenance as it was where it was measured.
  std::vector<std::string> cubins;        // Every cubin that the records name, once.
  std::string signer;                     // Hex SHA-256 of the public key.
};

// `signing_key`: 32-byte Ed25519 private key.
absl::StatusOr<std::string> WriteBundle(const BundleContents& contents,
                                        std::string_view signing_key);

// Verifies everything before it returns anything. DATA_LOSS, reason BUNDLE_DAMAGED.
absl::StatusOr<BundleContents> ReadBundle(std::string_view bytes);

// The key of this cache directory, made (mode 0600) on first use.
absl::StatusOr<std::string> LoadOrCreateSigningKey(const std::string& cache_dir);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_H_
