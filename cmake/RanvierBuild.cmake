# Flags and helper functions shared by every part of Ranvier.
include(CheckLinkerFlag)
find_program(RANVIER_CCACHE ccache)
if(RANVIER_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${RANVIER_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${RANVIER_CCACHE}")
endif()
find_program(RANVIER_LLD NAMES ld.lld-22 ld.lld HINTS /usr/lib/llvm-22/bin)
if(RANVIER_LLD)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 finds only a program called ld.lld, so the folder that holds it goes on its search path.
    get_filename_component(_lld_real "${RANVIER_LLD}" REALPATH)
    get_filename_component(_lld_dir "${_lld_real}" DIRECTORY)
    file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/lld")
    file(CREATE_LINK "${_lld_real}" "${CMAKE_BINARY_DIR}/lld/ld.lld" SYMBOLIC)
    add_link_options(-fuse-ld=lld "-B${CMAKE_BINARY_DIR}/lld")
  else()
    add_link_options("--ld-path=${RANVIER_LLD}")
  endif()
endif()

# Exactness: no contraction of a*b+c into a fused multiply-add, anywhere.
add_compile_options(-ffp-contract=off -Wall -Wextra -Wno-unused-parameter)
if(RANVIER_SANITIZE)
  add_compile_options("-fsanitize=${RANVIER_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${RANVIER_SANITIZE}")
endif()

# ranvier_add_library(Name SOURCES a.cpp ... [DEPS lib ...] [PRIVATE_DEPS lib ...])
# A static library without MLIR, alias Ranvier::Name. Its public headers lie in include/ beside its CMakeLists.txt.
function(ranvier_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(Ranvier${name} STATIC ${ARG_SOURCES})
  add_library(Ranvier::${name} ALIAS Ranvier${name})
  set_target_properties(Ranvier${name} PROPERTIES EXPORT_NAME ${name})
  get_filename_component(_inc "${CMAKE_CURRENT_SOURCE_DIR}/include" ABSOLUTE)
  if(EXISTS "${_inc}")
    target_include_directories(Ranvier${name} PUBLIC $<BUILD_INTERFACE:${_inc}> $<INSTALL_INTERFACE:include>)
  endif()
  target_link_libraries(Ranvier${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  set_property(GLOBAL APPEND PROPERTY RANVIER_INSTALL_LIBS Ranvier${name})
  set_property(GLOBAL APPEND PROPERTY RANVIER_INSTALL_INCLUDES "${_inc}")
endfunction()

# ranvier_add_unittest(area SOURCES ... DEPS ...): one doctest executable per area, target unit-<area>, found by scripts/test.
function(ranvier_add_unittest area)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(unit-${area} EXCLUDE_FROM_ALL ${ARG_SOURCES} "${PROJECT_SOURCE_DIR}/test/unit/Main.cpp")
  target_link_libraries(unit-${area} PRIVATE ${ARG_DEPS})
  target_include_directories(unit-${area} PRIVATE "${PROJECT_SOURCE_DIR}/test/unit" "${PROJECT_SOURCE_DIR}/test")
  target_compile_definitions(unit-${area} PRIVATE
    RANVIER_TEST_INPUTS="${PROJECT_SOURCE_DIR}/test/Inputs"
    RANVIER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    RANVIER_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
  set_target_properties(unit-${area} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unit")
  add_test(NAME unit-${area} COMMAND unit-${area})
  set_property(GLOBAL APPEND PROPERTY RANVIER_UNIT_TESTS unit-${area})
endfunction()
