# Flags and helper functions shared by every part of Ranvier.
include(CheckLinkerFlag)
find_program(RANVIER_CCACHE ccache)
if(RANVIER_CCACHE)
  # Without this ccache refuses files that use a precompiled header; g++ must name the header in preprocessed text (-fpch-preprocess).
  set(_launcher "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${RANVIER_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${_launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${_launcher}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
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
add_compile_options(-ffp-contract=off -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
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

# Code that runs briefly and is compiled often: options, printing, tests. What they call is optimised in its own library.
function(ranvier_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# ranvier_add_unittest(area SOURCES ... DEPS ...): one doctest executable per area, target unit-<area>, found by scripts/test.
# MLIR: its sources include MLIR headers, which are then compiled once for all such areas.
function(ranvier_add_unittest area)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPS" ${ARGN})
  if(NOT TARGET RanvierUnitMain)
    # doctest's own code, once for all areas.
    add_library(RanvierUnitMain OBJECT EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/test/unit/Main.cpp")
    ranvier_compile_quickly(RanvierUnitMain)
  endif()
  add_executable(unit-${area} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_link_libraries(unit-${area} PRIVATE RanvierUnitMain ${ARG_DEPS})
  if(ARG_MLIR)
    if(NOT TARGET RanvierMLIRUnitPrecompiled)
      file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch/MLIRUnitPrecompiled.cpp" CONTENT "// Carries the precompiled headers of MLIR unit tests.\n")
      add_library(RanvierMLIRUnitPrecompiled OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/pch/MLIRUnitPrecompiled.cpp")
      # g++ takes a header only with the kind of position-independent code that it was compiled with, here that of programs.
      set_target_properties(RanvierMLIRUnitPrecompiled PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_compile_options(RanvierMLIRUnitPrecompiled PRIVATE -fPIE)
      target_include_directories(RanvierMLIRUnitPrecompiled SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
      ranvier_compile_quickly(RanvierMLIRUnitPrecompiled)
      target_precompile_headers(RanvierMLIRUnitPrecompiled PRIVATE
        <doctest/doctest.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinAttributes.h> <mlir/IR/Diagnostics.h> <mlir/IR/SymbolTable.h>
        <mlir/Parser/Parser.h> <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Math/IR/Math.h>
        <string> <vector> <map> <optional> <memory> <functional> <algorithm>)
    endif()
    target_precompile_headers(unit-${area} REUSE_FROM RanvierMLIRUnitPrecompiled)
  endif()
  target_include_directories(unit-${area} PRIVATE "${PROJECT_SOURCE_DIR}/test/unit" "${PROJECT_SOURCE_DIR}/test")
  target_compile_definitions(unit-${area} PRIVATE
    RANVIER_TEST_INPUTS="${PROJECT_SOURCE_DIR}/test/Inputs"
    RANVIER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    RANVIER_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
  ranvier_compile_quickly(unit-${area})
  if(RANVIER_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # The libraries are what is looked into; without these checks the tests themselves compile in half the time.
    target_compile_options(unit-${area} PRIVATE -fno-sanitize=undefined)
  endif()
  set_target_properties(unit-${area} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unit")
  add_test(NAME unit-${area} COMMAND unit-${area})
  set_property(GLOBAL APPEND PROPERTY RANVIER_UNIT_TESTS unit-${area})
endfunction()
