// What a message holds, for checks of any message.
#ifndef TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
#define TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tilewright {

// Is told what a walk comes by. The first error ends the walk.
class MessageVisitor {
 public:
  virtual ~MessageVisitor() = default;

  // Whether what is in messages of this type is looked at.
  virtual bool Enters(const google::protobuf::Descriptor& /*type*/) { return true; }
  // A message that is entered, before what is in it.
  virtual absl::Status OnMessage(const google::protobuf::Message& /*message*/,
                                 const std::string& /*path*/) {
    return absl::OkStatus();
  }
  // Of a string field; bytes are no text.
  virtual absl::Status OnText(const std::string& /*text*/, const std::string& /*path*/) {
    return absl::OkStatus();
  }
  virtual absl::Status OnEnum(int /*value*/, const google::protobuf::EnumDescriptor& /*type*/,
                              const std::string& /*path*/) {
    return absl::OkStatus();
  }
};

// Walks over `message` and what is set below it, in the order of the fields' numbers. Paths are
// below `message`, as people read them: "", "gemm.lda", "entries[3].label".
absl::Status Walk(const google::protobuf::Message& message, MessageVisitor& visitor);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
