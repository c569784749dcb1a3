# ccache and a fast linker where they are installed; warnings are errors.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Without this, ccache caches no file that takes a precompiled header.
  set(CCACHE_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_PCH_EXTSUM=1 ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_LAUNCHER})
endif()

# For every target: it defines a macro, and a precompiled header serves one set of macros.
add_compile_options(-pthread)

find_program(MOLD_PROGRAM mold)
find_program(LLD_PROGRAM ld.lld)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
elseif(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()

# DT_RPATH rather than DT_RUNPATH: it also serves the libraries' own needs, so that
# an installed tree runs where none of them is installed.
add_link_options(-Wl,--disable-new-dtags -Wl,--as-needed)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/tilewright")

# Warnings for our own targets; generated code is compiled without them.
add_library(tilewright_warnings INTERFACE)
target_compile_options(tilewright_warnings INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-unused-parameter
  -Wno-missing-field-initializers)
