// Walks over the fields of any message, for checks.
#ifndef TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
#define TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tilewright {

// The names of the fields from the walk's message down to a place in it. They become text only if a
// visitor asks: walks run for every call, and most find nothing to report.
class FieldPath {
 public:
  FieldPath() = default;  // The walk's message.
  // `above` must outlive this. `index` < 0: the field is not repeated.
  FieldPath(const FieldPath& above, const google::protobuf::FieldDescriptor& field, int index)
      : above_(&above), field_(&field), index_(index) {}

  // Returns the path for people: "", "gemm.lda", "entries[3].label".
  std::string ToString() const;

 private:
  const FieldPath* above_ = nullptr;
  const google::protobuf::FieldDescriptor* field_ = nullptr;
  int index_ = -1;
};

// The walk calls this for all that it finds. The first error ends the walk.
class MessageVisitor {
 public:
  // Which of OnText and OnEnum are called. The walk does not read the other fields.
  struct Wants {
    bool text = false;
    bool enums = false;
  };

  explicit MessageVisitor(Wants wants) : wants_(wants) {}
  virtual ~MessageVisitor() = default;

  const Wants& wants() const { return wants_; }

  // Returns whether to look into messages of this type.
  virtual bool Enters(const google::protobuf::Descriptor& /*type*/) { return true; }
  // Called for each message that is entered, before its fields.
  virtual absl::Status OnMessage(const google::protobuf::Message& /*message*/,
                                 const FieldPath& /*path*/) {
    return absl::OkStatus();
  }
  // Called for each string field, but not for bytes.
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

// Walks over `message` and all that is set in it, in the order of the field numbers.
absl::Status Walk(const google::protobuf::Message& message, MessageVisitor& visitor);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_MESSAGE_WALK_H_
