#include "tuner/compile/compile_key.h"

#include <cstddef>
#include <cstdint>

#include "proto/support/sha256.h"

namespace tilewright {
namespace {

void AppendCount(std::string& encoding, std::size_t count) {
  for (int shift = 0; shift < 64; shift += 8) {
    encoding.push_back(static_cast<char>(std::uint64_t{count} >> shift & 0xff));
  }
}

// Appends the field with its length, so that no two lists of fields have the same encoding.
void AppendField(std::string& encoding, std::string_view field) {
  AppendCount(encoding, field.size());
  encoding.append(field);
}

void AppendList(std::string& encoding, const std::vector<std::string>& fields) {
  AppendCount(encoding, fields.size());
  for (const std::string& field : fields) AppendField(encoding, field);
}

}  // namespace

std::string CompileKey(const CompileJob& job, std::string_view nvrtc_version,
                       std::string_view template_digest, const std::vector<std::string>& options) {
  std::string encoding;
  AppendField(encoding, "tilewright compile 1");
  AppendField(encoding, job.source);
  AppendField(encoding, job.architecture);
  AppendList(encoding, job.entry_symbols);
  AppendField(encoding, nvrtc_version);
  AppendField(encoding, template_digest);
  AppendList(encoding, options);
  return ToHex(Sha256(encoding));
}

}  // namespace tilewright
