#ifndef TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_
#define TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_

namespace tilewright {

// Gives the closed ones among the descriptors 0 to 2 to /dev/null, opened so that reading from 0
// and writing to 1 and 2 still fail: a socket or a database that took such a number would get what
// is printed. First in main.
void HoldStandardDescriptors();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_STANDARD_DESCRIPTORS_H_
