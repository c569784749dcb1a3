// What records of schema 1 become in schema 2.
#ifndef TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_
#define TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tuner/store/store.pb.h"

namespace tilewright {

// A record of schema 1 as schema 2 has it: the key of its environment is without the digest over
// all templates, and the winner has the digests of the templates of its family instead, where the
// version that wrote it is known. A kernel with a fault (FaultOfVersion1) is marked as one that no
// launcher takes, so that it answers for no shape and no GPU; an algorithm of the vendor's loses
// the template beside it. False where the record cannot be read.
bool UpgradeRecordV1(store::WinnerRecord& record);

// The digest of each template in the version whose digest over all of them was `all_templates`;
// empty where that version is not known.
const std::vector<v1::TemplateDigest>& TemplatesOfVersion1(std::string_view all_templates);

// Why kernels of that version must not serve `problem`, which they compute wrongly in some cases;
// nothing where they are sound.
std::optional<v1::Failure> FaultOfVersion1(const v1::Problem& problem);

// Whether `winner` was tuned by that version: it does not say which templates competed.
bool IsOfVersion1(const v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_UPGRADE_V1_H_
