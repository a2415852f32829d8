# SPDX-License-Identifier: Apache-2.0
# Protocol buffers: protobuf-c's compiler makes C of every .proto file when the library is built.
find_program(TARE_PROTOC protoc-c REQUIRED)
set(TARE_MESSAGES ${CMAKE_BINARY_DIR}/messages)
file(MAKE_DIRECTORY ${TARE_MESSAGES})
target_include_directories(tare_objects SYSTEM PRIVATE ${TARE_MESSAGES})

foreach(proto ${TARE_PROTOS})
  get_filename_component(name ${proto} NAME_WE)
  get_filename_component(folder ${proto} DIRECTORY)
  set(made ${TARE_MESSAGES}/${name}.pb-c.c ${TARE_MESSAGES}/${name}.pb-c.h)
  add_custom_command(OUTPUT ${made} DEPENDS ${proto}
    COMMAND ${TARE_PROTOC} --c_out=${TARE_MESSAGES} --proto_path=${folder} ${proto} VERBATIM)
  target_sources(tare_objects PRIVATE ${made})
  set_source_files_properties(${made} PROPERTIES COMPILE_OPTIONS -w) # not ours to mend
endforeach()
