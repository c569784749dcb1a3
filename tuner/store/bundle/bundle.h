// Bundles: the signed export file. Layout (all integers little-endian): magic
// "TWBUNDLE", u32 format version, u64 manifest length, manifest (protobuf
// tilewright.store.BundleManifest), 32-byte Ed25519 public key, 64-byte signature of the
// bytes before it, then for each manifest entry u64 length and the record's bytes. The
// manifest names every record by SHA-256; no paths anywhere. Nothing is compressed, so a
// small file can never become large in memory. Keys of problems and targets are not in the
// file: the reader derives them. Vendor algorithms stay out, as they are only good for the
// machine, and the cublasLt, they were timed on: in their place travels the template beside them.
#ifndef TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_
#define TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/support/bundle_size.h"
#include "tuner/store/bundle/signing_key.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct BundleContents {
  std::vector<TuningRecord> records;  // Provenance as it was where it was measured.
  std::vector<std::string> cubins;    // Every cubin that the records name, once.
  std::string signer;                 // Hex SHA-256 of the public key.
};

// `signing_key`: 32-byte Ed25519 private key. INVALID_ARGUMENT where a cubin is missing, is
// not named by a record or comes twice, or a record is a vendor's.
absl::StatusOr<std::string> WriteBundle(const BundleContents& contents,
                                        std::string_view signing_key);

// Verifies everything before it returns anything: the signature, every hash and length, that
// every kernel named is there and none besides. Who signed is the caller's to judge.
// DATA_LOSS, reason BUNDLE_DAMAGED; FAILED_PRECONDITION, reason BUNDLE_TOO_NEW, for an intact
// one of a newer format; UNIMPLEMENTED for problems that this version does not know.
absl::StatusOr<BundleContents> ReadBundle(std::string_view bytes);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_BUNDLE_BUNDLE_H_
