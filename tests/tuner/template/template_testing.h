#ifndef TILEWRIGHT_TESTS_TUNER_TEMPLATE_TEMPLATE_TESTING_H_
#define TILEWRIGHT_TESTS_TUNER_TEMPLATE_TEMPLATE_TESTING_H_

#include <cstdint>
#include <map>
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {

// The canonical GEMM with these fields: "m: 16 n: 32 k: 64".
inline v1::Problem GemmOf(const std::string& fields) {
  v1::Problem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("gemm { " + fields + " }", &problem));
  const auto canonical = Canonicalize(problem);
  EXPECT_TRUE(canonical.ok()) << fields << ": " << canonical.status();
  return canonical.ok() ? *canonical : problem;
}

inline v1::Silicon Profile(const std::string& name) { return FindTargetProfile(name).value(); }

using Parameters = std::map<std::string, int64_t>;

inline v1::Config ConfigOf(const Parameters& parameters) {
  v1::Config config;
  for (const auto& [name, value] : parameters) {
    v1::Parameter& parameter = *config.add_parameters();
    parameter.set_name(name);
    parameter.set_value(value);
  }
  return config;
}

inline Parameters ParametersOf(const v1::Config& config) {
  Parameters parameters;
  for (const v1::Parameter& parameter : config.parameters()) {
    parameters[parameter.name()] = parameter.value();
  }
  return parameters;
}

inline const Template& TemplateNamed(const std::string& name) {
  const Template* found = FindTemplate(name);
  EXPECT_NE(found, nullptr) << "no template " << name;
  return found == nullptr ? *Templates().front() : *found;
}

// A legal config of each template for GEMMs of every shape.
inline Parameters PlainSm80() {
  return {{"fp16_sums", 0}, {"raster_group", 1}, {"split_epilogue", 0}, {"split_k", 1},
          {"stages", 3},    {"tile_k", 32},      {"tile_m", 128},       {"tile_n", 64},
          {"warps_m", 2},   {"warps_n", 2}};
}
inline Parameters PlainSm90() {
  return {{"cluster_k", 1},      {"cluster_m", 1},    {"cluster_n", 1}, {"consumers", 2},
          {"fp16_sums", 0},      {"ping_pong", 0},    {"products", 1},  {"promote", 0},
          {"raster_along_n", 0}, {"raster_group", 1}, {"split_k", 1},   {"stages", 4},
          {"split_epilogue", 0}, {"swap_ab", 0},      {"tile_m", 128},  {"tile_n", 128}};
}
inline Parameters PlainSimt() {
  return {{"raster_group", 1}, {"split_k", 1}, {"thread_m", 8}, {"thread_n", 8},
          {"tile_k", 8},       {"tile_m", 64}, {"tile_n", 64}};
}

inline Parameters With(Parameters parameters, const std::string& name, int64_t value) {
  parameters[name] = value;
  return parameters;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_TEMPLATE_TEMPLATE_TESTING_H_
