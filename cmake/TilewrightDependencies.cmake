# Debian packages by name, and what scripts/setup fetched from PyPI into .deps/.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

set(TILEWRIGHT_DEPS_DIR ${CMAKE_SOURCE_DIR}/.deps CACHE PATH
  "Where scripts/setup puts what it fetches from PyPI")
find_path(GOOGLE_RPC_PROTO_DIR google/rpc/error_details.proto
  PATHS ${TILEWRIGHT_DEPS_DIR}/googleapis NO_DEFAULT_PATH)
# cuda.h and nvrtc.h: types only. Nothing of CUDA is linked; libraries are loaded at run time.
find_path(CUDA_INCLUDE_DIR cuda.h
  PATHS $ENV{CUDA_HOME}/include /usr/local/cuda/include ${TILEWRIGHT_DEPS_DIR}/cuda/include
  NO_DEFAULT_PATH)
find_path(NVRTC_INCLUDE_DIR nvrtc.h
  PATHS $ENV{CUDA_HOME}/include /usr/local/cuda/include ${TILEWRIGHT_DEPS_DIR}/cuda/include
  NO_DEFAULT_PATH)
foreach(found GOOGLE_RPC_PROTO_DIR CUDA_INCLUDE_DIR NVRTC_INCLUDE_DIR)
  if(NOT ${found})
    message(FATAL_ERROR "${found} not found: run scripts/setup first")
  endif()
endforeach()
add_library(tilewright_cuda_headers INTERFACE)
target_include_directories(tilewright_cuda_headers SYSTEM INTERFACE
  ${CUDA_INCLUDE_DIR} ${NVRTC_INCLUDE_DIR})
