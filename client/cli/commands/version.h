#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_VERSION_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_VERSION_H_

namespace tilewright::cli {

// "0.1.0", and the commit that it was built from ("unknown" outside a checkout).
extern const char* const kVersion;
extern const char* const kCommit;

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_VERSION_H_
