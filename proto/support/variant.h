// What the parameters of a variant say, for whoever has one. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_SUPPORT_VARIANT_H_
#define TILEWRIGHT_PROTO_SUPPORT_VARIANT_H_

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Whether its epilogue is a launch of its own: parameter split_epilogue.
bool IsSplit(const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_VARIANT_H_
