#ifndef TILEWRIGHT_TESTS_FUZZ_MUTATOR_H_
#define TILEWRIGHT_TESTS_FUZZ_MUTATOR_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace tilewright {

// Makes one input out of another, the same one for the same seed. One thread.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  // 0 for a bound of 0.
  std::size_t Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  bool OneIn(std::size_t count) { return Below(count) == 0; }

  // Up to four changes: bytes set, cut, put in, repeated, filled with ones.
  std::string MutateBytes(std::string bytes);

  // Up to four fields, at any depth, set to values that are likely to be at a limit, cleared,
  // repeated or removed. Unlike bytes, what comes of it can be parsed.
  void MutateMessage(google::protobuf::Message& message);

 private:
  void ChangeField(google::protobuf::Message& message, int depth);
  void SetScalar(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                 int index);
  int64_t Number();
  double Real();
  std::string Text(const std::string& now);

  std::mt19937_64 random_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FUZZ_MUTATOR_H_
