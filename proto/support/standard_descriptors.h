#ifndef TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_
#define TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_

namespace tilewright {

// Opens /dev/null for each of the descriptors 0 to 2 that is closed. Reading from 0 and writing to
// 1 and 2 still fail. Otherwise a socket or a database could get such a number and receive printed
// text. Call this first in main.
void HoldStandardDescriptors();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_
