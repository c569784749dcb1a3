// Bundles whose signature and hashes hold, around records that may say anything.
#include <string>

#include "kernel_templates/launch/plan/check_kernel.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/sha256.h"
#include "tests/fakes/memory_store.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/tuner/store/store_fixtures.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/bundle/bundle_checks.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/store/bundle/ed25519.h"
#include "tuner/store/little_endian.h"
#include "tuner/store/store.pb.h"

namespace tilewright {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

const std::string& Key() {
  static const auto* const key = new std::string(32, 'k');
  return *key;
}

std::string Signed(const std::string& record, const std::string& cubin) {
  store::BundleManifest manifest;
  std::string blobs;
  for (const auto& [kind, blob] : {std::pair{store::BundleManifest::KIND_RECORD, record},
                                   std::pair{store::BundleManifest::KIND_CUBIN, cubin}}) {
    store::BundleManifest::Entry& entry = *manifest.add_entries();
    entry.set_kind(kind);
    entry.set_sha256(Sha256(blob));
    entry.set_size(blob.size());
    AppendUint64(blob.size(), &blobs);
    blobs += blob;
  }
  std::string bundle = "TWBUNDLE";
  AppendUint32(1, &bundle);
  const std::string bytes = manifest.SerializeAsString();
  AppendUint64(bytes.size(), &bundle);
  bundle += bytes + Ed25519PublicKey(Key()).value();
  bundle += Ed25519Sign(Key(), bundle).value();
  return bundle + blobs;
}

// A record with its cubin in `kernel.cubin`, where no record of a bundle has one.
bool Run(std::string_view input) {
  store::BundleRecord record;
  if (!record.ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  const std::string cubin = record.kernel().cubin();
  record.mutable_kernel()->clear_cubin();
  // A forger can hash as well as we can.
  const std::string hash = Sha256(cubin);
  if (!record.kernel().content_hash().empty()) record.mutable_kernel()->set_content_hash(hash);
  if (!record.winner().candidate().content_hash().empty()) {
    record.mutable_winner()->mutable_candidate()->set_content_hash(hash);
  }
  const auto contents = ReadBundle(Signed(record.SerializeAsString(), cubin));
  if (!contents.ok()) return false;
  MemoryStore store;
  WinnerIndex index;
  index.SetTrusted(contents->signer, true);
  const auto counts = ImportRecords(store, index, *contents, {.now = kNow});
  if (!counts.ok()) {
    TILEWRIGHT_FUZZ_CHECK(index.size() == 0 && !store.GetCubin(hash).ok());
    return false;
  }
  // What was stored is what a client would accept, under its own hash, and can be carried on.
  TILEWRIGHT_FUZZ_CHECK(counts->winners_imported == 1 && index.size() == 1);
  const auto winner = index.List(0, 1).front();
  const auto stored = store.GetCubin(winner->kernel.content_hash());
  TILEWRIGHT_FUZZ_CHECK(stored.ok() && *stored == cubin && Sha256(*stored) == hash);
  TILEWRIGHT_FUZZ_CHECK(CheckKernel(winner->kernel, *stored).ok());
  TILEWRIGHT_FUZZ_CHECK(winner->winner.provenance() == v1::PROVENANCE_IMPORTED);
  TILEWRIGHT_FUZZ_CHECK(WorkspaceBytesFor(winner->kernel.launch_plan(),
                                          ShapeOf(winner->winner.problem().gemm())) >= 0);
  const auto exported = CollectForExport(store, index, {});
  TILEWRIGHT_FUZZ_CHECK(exported.ok() && CheckBundle(*exported, kNow).ok());
  TILEWRIGHT_FUZZ_CHECK(WriteBundle(*exported, Key()).ok());
  return true;
}

std::string Seed(const RecordSpec& spec) {
  const TuningRecord record = MakeRecord(spec);
  store::BundleRecord out;
  *out.mutable_winner() = record.winner.winner;
  *out.mutable_kernel() = record.winner.kernel;
  out.mutable_kernel()->set_cubin(spec.cubin);
  for (const v1::Candidate& candidate : record.candidates) *out.add_candidates() = candidate;
  out.set_legal_configs(record.legal_configs);
  return out.SerializeAsString();
}

}  // namespace

FuzzTarget MakeFuzzTarget() {
  FuzzTarget target;
  target.seeds.push_back(Seed({.cubin = Stub("measured")}));
  target.seeds.push_back(
      Seed({.cubin = Stub("predicted"), .provenance = v1::PROVENANCE_PREDICTED}));
  target.prototype = std::make_unique<store::BundleRecord>();
  target.run = Run;
  return target;
}

}  // namespace tilewright
