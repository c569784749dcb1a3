# A tree that runs where it is put: the tools, and every shared library that they need from the
# distribution but glibc's and the compiler's own (older than any that a supported node has). Those
# of the distribution have a folder of their own: a program that links ours with lib/ in its search
# path finds there no second abseil or protobuf. CUDA libraries are never copied; they are found at
# run time.
set(TILEWRIGHT_INSTALLED_TOOLS)
if(NOT TILEWRIGHT_CLIENT_ONLY)
  list(APPEND TILEWRIGHT_INSTALLED_TOOLS tilewright tilewrightd)
endif()
if(TILEWRIGHT_BUILD_TESTS)
  list(APPEND TILEWRIGHT_INSTALLED_TOOLS lookup_bench compile_bench client_cache_bench
    store_load_bench tilewright_gpu_tests)
endif()

# Everything that is installed, without the tests that are not.
add_custom_target(tools DEPENDS ${TILEWRIGHT_INSTALLED_TOOLS} tilewright_client_shared tilewright_c)

if(TILEWRIGHT_INSTALLED_TOOLS)
  install(TARGETS ${TILEWRIGHT_INSTALLED_TOOLS}
    RUNTIME_DEPENDENCY_SET tilewright_runtime
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Runtime)
endif()
install(RUNTIME_DEPENDENCY_SET tilewright_runtime
  PRE_EXCLUDE_REGEXES
    "^ld-linux.*" "^libc\\.so.*" "^libm\\.so.*" "^libpthread\\.so.*" "^libdl\\.so.*"
    "^librt\\.so.*" "^libresolv\\.so.*" "^libgcc_s\\.so.*" "^libstdc\\+\\+\\.so.*"
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tilewright COMPONENT Runtime)
if(NOT TILEWRIGHT_CLIENT_ONLY)
  # Suites for `tilewright bench`: the public one, other bf16 shapes, and the other types.
  set(SUITES ${CMAKE_SOURCE_DIR}/tests/bench)
  install(FILES ${SUITES}/beyond.csv ${SUITES}/dropout.csv ${SUITES}/shapes.csv ${SUITES}/types.csv
    DESTINATION ${CMAKE_INSTALL_DATADIR}/tilewright COMPONENT Runtime)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/NOTICE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tilewright COMPONENT Runtime)
