# All generated code of protobuf and gRPC, by the paths of the protos.
set(TILEWRIGHT_GENERATED ${CMAKE_BINARY_DIR}/proto/generated)
file(MAKE_DIRECTORY ${TILEWRIGHT_GENERATED})

# tilewright_generate(SOURCES [GRPC] ROOTS ... PROTOS ...)
# Generates C++ from PROTOS, which are paths below the first of ROOTS. They may import what lies
# below any of ROOTS. With GRPC, generates the services, else the messages. Sets SOURCES to the .cc
# files. The headers lie beside them.
function(tilewright_generate sources)
  cmake_parse_arguments(ARG "GRPC" "" "ROOTS;PROTOS" ${ARGN})
  set(kind .pb)
  set(options --cpp_out=${TILEWRIGHT_GENERATED})
  if(ARG_GRPC)
    set(kind .grpc.pb)
    set(options --grpc_out=${TILEWRIGHT_GENERATED}
      --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
  endif()
  list(GET ARG_ROOTS 0 root)
  list(TRANSFORM ARG_ROOTS PREPEND -I)
  set(generated)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" ${kind} stem ${proto})
    set(file ${TILEWRIGHT_GENERATED}/${stem})
    add_custom_command(
      OUTPUT ${file}.cc ${file}.h
      COMMAND protobuf::protoc ${ARG_ROOTS} ${options} --dependency_out=${file}.d ${root}/${proto}
      DEPENDS ${root}/${proto} DEPFILE ${file}.d COMMENT "Generating ${stem}.cc")
    list(APPEND generated ${file}.cc)
  endforeach()
  set(${sources} ${generated} PARENT_SCOPE)
endfunction()
