# For builds from nothing. The database of compile commands has no single files then.
option(TILEWRIGHT_UNITY_BUILD "Compile several files at once in targets marked UNITY" OFF)

# tilewright_library(NAME [UNITY] [SOURCES ...] [GENERATED ...] DEPS ...)
# A static library of one folder: of every .cc in it, unless SOURCES names them, and of what is
# GENERATED for it. Includes are relative to the repository root. UNITY marks those whose files
# spend most of their time on the same large headers (gRPC, spdlog, CLI11): the files of such a
# target must not use a name for two things, not even in anonymous namespaces.
function(tilewright_library name)
  cmake_parse_arguments(ARG "UNITY" "" "SOURCES;GENERATED;DEPS" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS *.cc)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_GENERATED})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE tilewright_warnings)
  tilewright_use_precompiled(${name} tilewright_pch_library)
  if(ARG_UNITY AND TILEWRIGHT_UNITY_BUILD)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()

# tilewright_subfolders(): adds every folder here that has a CMakeLists.txt.
macro(tilewright_subfolders)
  file(GLOB children CONFIGURE_DEPENDS */CMakeLists.txt)
  foreach(child ${children})
    get_filename_component(folder ${child} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endmacro()

# tilewright_binary(NAME SOURCES ... DEPS ...)
function(tilewright_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} tilewright_warnings)
endfunction()

# tilewright_test(NAME LABEL unit|nvrtc|gpu|e2e|fuzz SOURCES ... DEPS ... [TIMEOUT seconds])
# A GoogleTest binary, registered with CTest as one test of that label.
function(tilewright_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  tilewright_binary(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} GTest::gtest GTest::gmock
    GTest::gtest_main)
  tilewright_use_precompiled(${name} tilewright_pch_test)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
    SKIP_RETURN_CODE 77)
endfunction()
