// Bundles: the signed export file. Layout (all integers little-endian): magic "TWBUNDLE", u32
// format version, u64 manifest length, manifest (protobuf tilewright.store.BundleManifest), 32-byte
// Ed25519 public key, 64-byte signature of all bytes before it, then for each manifest entry u64
// length and the record's bytes. The manifest names every record by SHA-256; there are no paths.
// Nothing is compressed, so a small file can never become large in memory. The reader derives the
// keys of problems and targets; they are not in the file. Vendor algorithms are not in it either:
// they are only good for the machine and the cublasLt that they were timed on. The template beside
// them takes their place.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/support/bundle_size.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct BundleContents {
  std::vector<TuningRecord> records;  // With their original provenance.
  std::vector<std::string> cubins;    // Every cubin that the records name, once.
  std::string signer;                 // Hex SHA-256 of the public key.
};

// Writes a bundle. `signing_key`: 32-byte Ed25519 private key. INVALID_ARGUMENT: a cubin is
// missing, belongs to no record or comes twice, or a record is a vendor's.
absl::StatusOr<std::string> WriteBundle(const BundleContents& contents,
                                        std::string_view signing_key);

// Reads a bundle, and first checks all of it: the signature, every hash and length, and that it has
// exactly the kernels that it names. The caller decides whether to trust the signer. DATA_LOSS,
// reason BUNDLE_DAMAGED; FAILED_PRECONDITION, reason BUNDLE_TOO_NEW: it is intact, but its format
// is newer; UNIMPLEMENTED: it has problems that this version does not know.
absl::StatusOr<BundleContents> ReadBundle(std::string_view bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_
