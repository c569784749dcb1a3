# Writes OUT, which defines the constants of version.h. Every build runs this, but OUT changes only
# if the commit changes. Arguments: SOURCE_DIR, VERSION, OUT.
find_program(GIT git)
set(commit "")
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT commit)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "client/cli/commands/version.h"

namespace tilewright::cli {

const char* const kVersion = "@VERSION@";
const char* const kCommit = "@commit@";

}  // namespace tilewright::cli
]])
