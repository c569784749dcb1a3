#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_COMPILED_RECORD_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_COMPILED_RECORD_H_

#include <string>

#include "tuner/compile/compiler.h"
#include "tuner/store/store.pb.h"

namespace tilewright {

// `code` without its cubin, which is stored by content.
store::CompiledRecord ToCompiledRecord(const CompiledCode& code);

// The reverse. `seconds` is 0: nothing was compiled this time.
CompiledCode FromCompiledRecord(const store::CompiledRecord& record, std::string cubin);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_COMPILED_RECORD_H_
