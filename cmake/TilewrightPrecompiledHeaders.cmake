# Headers that nearly every file includes, compiled once. They are for speed only: every file
# includes what it uses and compiles without them.
#
# GCC takes a precompiled header only where its flags are the same, so there are two:
# tilewright_pch_library for what is compiled as libraries are (-fPIC), tilewright_pch_test for
# tests (-fPIE), with GoogleTest. Where GCC refuses one, -Winvalid-pch fails the build. What gRPC
# and spdlog add would cost the files that do not include them more than it saves the others.
option(TILEWRIGHT_PRECOMPILED_HEADERS "Compile the headers that are used everywhere once" ON)

set(TILEWRIGHT_PCH_HEADERS
  <algorithm> <array> <atomic> <cerrno> <chrono> <cmath> <cstddef> <cstdint> <cstdio> <cstdlib>
  <cstring> <deque> <filesystem> <functional> <iterator> <limits> <map> <memory> <mutex>
  <optional> <set> <string> <string_view> <thread> <utility> <variant> <vector>
  <absl/base/thread_annotations.h> <absl/cleanup/cleanup.h> <absl/container/flat_hash_map.h>
  <absl/functional/function_ref.h> <absl/status/status.h> <absl/status/statusor.h>
  <absl/strings/ascii.h> <absl/strings/match.h> <absl/strings/numbers.h>
  <absl/strings/str_cat.h> <absl/strings/str_join.h> <absl/strings/str_split.h>
  <absl/synchronization/mutex.h> <absl/time/clock.h> <absl/time/time.h>
  <google/protobuf/message.h> <google/protobuf/repeated_field.h>
  <tilewright/v1/cache_service.pb.h> <tilewright/v1/kernel.pb.h>
  <tilewright/v1/kernel_service.pb.h> <tilewright/v1/problem.pb.h>
  <tilewright/v1/tuning_service.pb.h>)

# tilewright_precompile(NAME [DEPS ...] [HEADERS what it has beside the common ones])
function(tilewright_precompile name)
  cmake_parse_arguments(ARG "" "" "DEPS;HEADERS" ${ARGN})
  set(stub ${CMAKE_BINARY_DIR}/${name}.cc)
  file(CONFIGURE OUTPUT ${stub} CONTENT "")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${stub})
  target_include_directories(${name} SYSTEM PRIVATE ${TILEWRIGHT_GENERATED})
  target_link_libraries(${name} PRIVATE absl::cleanup absl::flat_hash_map absl::statusor
    absl::strings absl::synchronization absl::time protobuf::libprotobuf ${ARG_DEPS})
  target_precompile_headers(${name} PRIVATE ${TILEWRIGHT_PCH_HEADERS} ${ARG_HEADERS})
  add_dependencies(${name} tilewright_proto_headers)
  if(CCACHE_PROGRAM)
    set_target_properties(${name} PROPERTIES CXX_COMPILER_LAUNCHER
      "${CMAKE_SOURCE_DIR}/cmake/precompile_header.sh;${CCACHE_LAUNCHER}")
  endif()
endfunction()

# tilewright_use_precompiled(TARGET tilewright_pch_library|tilewright_pch_test)
function(tilewright_use_precompiled target precompiled)
  if(NOT TILEWRIGHT_PRECOMPILED_HEADERS)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
  # ccache preprocesses what it has not seen: without the text of the precompiled header.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endfunction()

if(TILEWRIGHT_PRECOMPILED_HEADERS)
  tilewright_precompile(tilewright_pch_library)
endif()
if(TILEWRIGHT_PRECOMPILED_HEADERS AND TILEWRIGHT_BUILD_TESTS)
  tilewright_precompile(tilewright_pch_test DEPS GTest::gtest GTest::gmock
    HEADERS <gmock/gmock.h> <gtest/gtest.h>)
  set_target_properties(tilewright_pch_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(tilewright_pch_test PRIVATE -fPIE)
endif()
