# Debian packages by name, and what scripts/setup fetched from PyPI into .deps/. Only what the
# chosen parts need is looked for.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
if(NOT TILEWRIGHT_CLIENT_ONLY)
  find_package(SQLiteCpp REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(prometheus-cpp REQUIRED)
  pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
  pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
endif()
if(TILEWRIGHT_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

set(TILEWRIGHT_DEPS_DIR ${CMAKE_SOURCE_DIR}/.deps CACHE PATH
  "Where scripts/setup puts what it fetches from PyPI")
find_path(GOOGLE_RPC_PROTO_DIR google/rpc/error_details.proto
  PATHS ${TILEWRIGHT_DEPS_DIR}/googleapis NO_DEFAULT_PATH)
# cuda.h and nvrtc.h: types only. Nothing of CUDA is linked; libraries are loaded at run time.
set(CUDA_HEADERS CUDA_INCLUDE_DIR)
find_path(CUDA_INCLUDE_DIR cuda.h
  PATHS $ENV{CUDA_HOME}/include /usr/local/cuda/include ${TILEWRIGHT_DEPS_DIR}/cuda/include
  NO_DEFAULT_PATH)
if(NOT TILEWRIGHT_CLIENT_ONLY)
  list(APPEND CUDA_HEADERS NVRTC_INCLUDE_DIR)
  find_path(NVRTC_INCLUDE_DIR nvrtc.h
    PATHS $ENV{CUDA_HOME}/include /usr/local/cuda/include ${TILEWRIGHT_DEPS_DIR}/cuda/include
    NO_DEFAULT_PATH)
endif()
add_library(tilewright_cuda_headers INTERFACE)
foreach(found GOOGLE_RPC_PROTO_DIR ${CUDA_HEADERS})
  if(NOT ${found})
    message(FATAL_ERROR "${found} not found: run scripts/setup first")
  endif()
endforeach()
foreach(folder ${CUDA_HEADERS})
  target_include_directories(tilewright_cuda_headers SYSTEM INTERFACE ${${folder}})
endforeach()
