# MLIR 22 as Debian packages it: static MLIR archives on top of the LLVM shared library (never the MLIR dylib beside them:
# two copies of its registries in one process). MLIR code is compiled without exceptions, as MLIR itself is.
# LLVM's package accepts a request for major.minor only, so the major version is checked here.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "MLIR 22 is needed (package libmlir-22-dev), found ${LLVM_PACKAGE_VERSION}")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(LLVM_RUNTIME_OUTPUT_INTDIR "${CMAKE_BINARY_DIR}/bin")
set(LLVM_LIBRARY_OUTPUT_INTDIR "${CMAKE_BINARY_DIR}/lib")
set(MLIR_BINARY_DIR "${CMAKE_BINARY_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
get_filename_component(RANVIER_ROOT_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

# ranvier_add_mlir_library(Name SOURCES ... DEPS ... [TABLEGEN target ...])
# A static library that includes MLIR headers; exceptions off. Public headers in include/ of the enclosing part.
function(ranvier_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;TABLEGEN" ${ARGN})
  add_library(Ranvier${name} STATIC ${ARG_SOURCES})
  add_library(Ranvier::${name} ALIAS Ranvier${name})
  set_target_properties(Ranvier${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(Ranvier${name} SYSTEM PUBLIC
    $<BUILD_INTERFACE:${MLIR_INCLUDE_DIRS}> $<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS}>)
  target_include_directories(Ranvier${name} PUBLIC
    $<BUILD_INTERFACE:${RANVIER_ROOT_DIR}/dialects/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/dialects/include>
    $<BUILD_INTERFACE:${RANVIER_ROOT_DIR}/compiler/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/compiler/include>
    $<INSTALL_INTERFACE:include>)
  target_compile_options(Ranvier${name} PRIVATE -fno-exceptions -Wno-unused-parameter -Wno-deprecated-declarations)
  target_link_libraries(Ranvier${name} PUBLIC ${ARG_DEPS})
  if(ARG_TABLEGEN)
    add_dependencies(Ranvier${name} ${ARG_TABLEGEN})
  endif()
  target_precompile_headers(Ranvier${name} REUSE_FROM RanvierMLIRPrecompiled)
  set_property(GLOBAL APPEND PROPERTY RANVIER_INSTALL_LIBS Ranvier${name})
endfunction()

# The heavy MLIR headers, compiled once and reused by every MLIR library.
# Not file(WRITE): a new time stamp at every configuration would compile all of MLIR's users again.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch/MLIRPrecompiled.cpp" CONTENT "// Carries the precompiled MLIR headers.\n")
add_library(RanvierMLIRPrecompiled OBJECT "${CMAKE_BINARY_DIR}/pch/MLIRPrecompiled.cpp")
target_include_directories(RanvierMLIRPrecompiled SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_options(RanvierMLIRPrecompiled PRIVATE -fno-exceptions -Wno-unused-parameter -Wno-deprecated-declarations)
target_precompile_headers(RanvierMLIRPrecompiled PRIVATE
  <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinAttributes.h> <mlir/IR/BuiltinTypes.h> <mlir/IR/PatternMatch.h>
  <mlir/IR/OpImplementation.h> <mlir/IR/DialectImplementation.h> <mlir/IR/SymbolTable.h>
  <mlir/Bytecode/BytecodeOpInterface.h> <mlir/Pass/Pass.h> <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Math/IR/Math.h>
  <string> <vector> <map> <optional> <memory> <functional> <algorithm> <span>)
