// What a message holds, for checks of any message.
#ifndef TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
#define TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tilewright {

// The names of the fields from the walk's message to a place below it. As text only where a
// visitor asks: walks run for every call, and most of them find nothing to say.
class FieldPath {
 public:
  FieldPath() = default;  // Of the walk's message.
  // `above` outlives this. `index` < 0: of a field that is not repeated.
  FieldPath(const FieldPath& above, const google::protobuf::FieldDescriptor& field, int index)
      : above_(&above), field_(&field), index_(index) {}

  // As people read it: "", "gemm.lda", "entries[3].label".
  std::string ToString() const;

 private:
  const FieldPath* above_ = nullptr;
  const google::protobuf::FieldDescriptor* field_ = nullptr;
  int index_ = -1;
};

// Is told what a walk comes by. The first error ends the walk.
class MessageVisitor {
 public:
  // Which fields OnText and OnEnum are called for. What is not wanted is not read.
  struct Wants {
    bool text = false;
    bool enums = false;
  };

  explicit MessageVisitor(Wants wants) : wants_(wants) {}
  virtual ~MessageVisitor() = default;

  const Wants& wants() const { return wants_; }

  // Whether what is in messages of this type is looked at.
  virtual bool Enters(const google::protobuf::Descriptor& /*type*/) { return true; }
  // A message that is entered, before what is in it.
  virtual absl::Status OnMessage(const google::protobuf::Message& /*message*/,
                                 const FieldPath& /*path*/) {
    return absl::OkStatus();
  }
  // Of a string field; bytes are no text.
  virtual absl::Status OnText(const std::string& /*text*/, const FieldPath& /*path*/) {
    return absl::OkStatus();
  }
  virtual absl::Status OnEnum(int /*value*/, const google::protobuf::EnumDescriptor& /*type*/,
                              const FieldPath& /*path*/) {
    return absl::OkStatus();
  }

 private:
  const Wants wants_;
};

// Walks over `message` and what is set below it, in the order of the fields' numbers.
absl::Status Walk(const google::protobuf::Message& message, MessageVisitor& visitor);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
