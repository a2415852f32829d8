# SPDX-License-Identifier: Apache-2.0
# Installs headers, both libraries, the command, and what find_package(tare) and pkg-config tare read.
include(CMakePackageConfigHelpers)
set(TARE_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tare)

install(DIRECTORY include/tare DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
# Two sets, so that who links the shared library needs none of the dependencies' development files.
install(TARGETS tare_shared EXPORT tare_shared_targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS tare_static EXPORT tare_static_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(kind shared static)
  install(EXPORT tare_${kind}_targets NAMESPACE tare:: FILE tare-${kind}-targets.cmake DESTINATION ${TARE_CONFIG_DIR})
endforeach()
if(TARGET tare_command)
  install(TARGETS tare_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/docs/tare.1)
  install(FILES docs/tare.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

configure_package_config_file(cmake/tare-config.cmake.in ${CMAKE_BINARY_DIR}/tare-config.cmake
  INSTALL_DESTINATION ${TARE_CONFIG_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tare-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tare-config.cmake ${CMAKE_BINARY_DIR}/tare-config-version.cmake
  DESTINATION ${TARE_CONFIG_DIR})

# tare.pc finds its prefix from where it lies, so the installed tree can be moved.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  set(TARE_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(TARE_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(TARE_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH TARE_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" TARE_PC_UP ${TARE_PC_UP})
  set(TARE_PC_PREFIX "\${pcfiledir}/${TARE_PC_UP}")
  set(TARE_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(TARE_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
string(REPLACE ";" " " TARE_PC_REQUIRES "${TARE_PC_REQUIRES}")
configure_file(cmake/tare.pc.in ${CMAKE_BINARY_DIR}/tare.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/tare.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
