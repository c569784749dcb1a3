#include "tuner/store/database/compiled_record.h"

#include <utility>

#include "proto/support/sha256.h"

namespace tilewright {

store::CompiledRecord ToCompiledRecord(const CompiledCode& code) {
  store::CompiledRecord record;
  record.set_content_hash(Sha256(code.cubin));
  record.set_seconds(code.seconds);
  for (const EntryResources& entry : code.entries) {
    store::CompiledRecord::Entry& stored = *record.add_entries();
    stored.set_entry_symbol(entry.entry_symbol);
    stored.set_registers_per_thread(entry.registers_per_thread);
    stored.set_spill_bytes(entry.spill_bytes);
    stored.set_static_shared_memory_bytes(entry.static_shared_memory_bytes);
  }
  return record;
}

CompiledCode FromCompiledRecord(const store::CompiledRecord& record, std::string cubin) {
  CompiledCode code;
  code.cubin = std::move(cubin);
  for (const store::CompiledRecord::Entry& stored : record.entries()) {
    EntryResources& entry = code.entries.emplace_back();
    entry.entry_symbol = stored.entry_symbol();
    entry.registers_per_thread = stored.registers_per_thread();
    entry.spill_bytes = stored.spill_bytes();
    entry.static_shared_memory_bytes = stored.static_shared_memory_bytes();
  }
  return code;
}

}  // namespace tilewright
