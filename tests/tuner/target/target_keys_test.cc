#include <limits>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Changes `field` of `message` by a step large enough to matter.
void Change(const FieldDescriptor& field, Message& message) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, reflection.GetInt32(message, &field) + 1);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, reflection.GetInt64(message, &field) + 1);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, reflection.GetDouble(message, &field) + 2e9);
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field, "another");
    default:
      FAIL() << "no test value for the type of " << field.full_name();
  }
}

// Fails where somebody adds a field to Silicon and leaves it out without saying so here.
TEST(SiliconKeyTest, CountsEveryFieldButNameAndMemorySize) {
  const v1::Silicon base = FindTargetProfile("h100-sxm").value();
  const std::set<std::string> left_out = {"name", "memory_bytes"};
  for (int i = 0; i < v1::Silicon::descriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *v1::Silicon::descriptor()->field(i);
    v1::Silicon changed = base;
    Change(field, changed);
    EXPECT_EQ(SiliconKey(changed) == SiliconKey(base), left_out.count(field.name()) == 1)
        << field.name();
  }
}

TEST(SiliconKeyTest, DiffersForEveryProfile) {
  std::set<std::string> keys;
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    EXPECT_TRUE(keys.insert(SiliconKey(profile.silicon())).second) << profile.name();
  }
}

TEST(SiliconKeyTest, IsTheHashOfTheEncoding) {
  const v1::Silicon silicon = FindTargetProfile("l4").value();
  EXPECT_EQ(SiliconKey(silicon), Sha256(EncodeSilicon(silicon)));
}

TEST(SiliconKeyTest, BandwidthCountsInWholeGigabytes) {
  v1::Silicon silicon = FindTargetProfile("l4").value();
  const std::string key = SiliconKey(silicon);
  silicon.set_dram_bytes_per_second(silicon.dram_bytes_per_second() + 1e6);
  EXPECT_EQ(SiliconKey(silicon), key);
}

TEST(SiliconKeyTest, SurvivesAbsurdBandwidths) {
  for (const double bandwidth : {-1.0, std::numeric_limits<double>::quiet_NaN(),
                                 std::numeric_limits<double>::infinity(), 1e300}) {
    v1::Silicon silicon;
    silicon.set_dram_bytes_per_second(bandwidth);
    EXPECT_EQ(SiliconKey(silicon), SiliconKey(v1::Silicon()));
  }
}

TEST(EnvironmentKeyTest, CountsEveryField) {
  const v1::Environment base;
  std::set<std::string> keys = {EnvironmentKey(base)};
  for (int i = 0; i < v1::Environment::descriptor()->field_count(); ++i) {
    v1::Environment changed = base;
    Change(*v1::Environment::descriptor()->field(i), changed);
    // Each winner has the digests of its own templates.
    const std::string& name = v1::Environment::descriptor()->field(i)->name();
    EXPECT_EQ(keys.insert(EnvironmentKey(changed)).second, name != "template_digest") << name;
  }
}

}  // namespace
}  // namespace tilewright
