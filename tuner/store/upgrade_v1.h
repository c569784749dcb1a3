// Upgrades records of schema 1 to schema 2.
#ifndef TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_
#define TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/store.pb.h"

namespace tilewright {

// Upgrades a record of schema 1 to schema 2. The key of its environment loses the digest over all
// templates. Instead, the winner gets the digests of the templates of its family, if the version
// that wrote it is known. A kernel with a fault (FaultOfVersion1) is marked as one that no launcher
// takes, so it answers for no shape and no GPU. A vendor's algorithm loses such a template beside
// it. Returns false if the record cannot be read.
bool UpgradeRecordV1(store::WinnerRecord& record);

// Returns the digest of each template in the version whose digest over all of them was
// `all_templates`; empty if that version is not known.
const std::vector<v1::TemplateDigest>& TemplatesOfVersion1(std::string_view all_templates);

// Returns why kernels of that version must not serve `problem`, for which some of them compute
// wrong results; nothing if they are sound.
std::optional<v1::Failure> FaultOfVersion1(const v1::Problem& problem);

// Returns whether that version tuned `winner`: it does not say which templates competed.
bool IsOfVersion1(const v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_
