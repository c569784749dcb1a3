#ifndef TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_
#define TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_

#include <cstdint>
#include <string>

#include "tilewright/v1/cache_service.pb.h"

namespace tilewright {

// Of the winners that were asked for, those that the bundle has neither itself nor in another form.
int64_t LeftOut(const v1::ExportSummary& summary);

// For people: "left out 3 winners: 2 whose signer is not trusted (...), 1 ..."; empty where nothing
// was.
std::string DescribeLeftOut(const v1::ExportSummary& summary);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_EXPORT_SUMMARY_H_
