#ifndef TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_
#define TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_

#include <cstdint>
#include <string>

#include "tilewright/v1/cache_service.pb.h"

namespace tilewright {

// Counts the requested winners that the bundle has in no form.
int64_t LeftOut(const v1::ExportSummary& summary);

// Returns text for people: "left out 3 winners: 2 whose signer is not trusted (...), 1 ..."; empty
// if no winner was left out.
std::string DescribeLeftOut(const v1::ExportSummary& summary);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_
