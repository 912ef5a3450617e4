# ranvier_add_lit_tests(): configures lit for test/ and adds the target `check-lit`, which builds the tools that tests drive and
# runs all of them, and the ctest case `lit`. The last lines of its output count them ("Passed: 12 (100.00%)"), the exit code is
# non-zero if one failed, and a machine-readable count lands in <build>/test/lit/results.xml (JUnit: tests=, failures=, skipped=).
function(ranvier_add_lit_tests)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  find_program(RANVIER_LIT NAMES lit llvm-lit lit-22 HINTS "${LLVM_TOOLS_BINARY_DIR}" "${LLVM_TOOLS_BINARY_DIR}/../build/utils/lit")
  find_program(RANVIER_FILECHECK NAMES FileCheck HINTS "${LLVM_TOOLS_BINARY_DIR}" NO_DEFAULT_PATH)
  find_program(RANVIER_LIT_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
  if(NOT RANVIER_LIT OR NOT RANVIER_FILECHECK OR NOT RANVIER_LIT_PYTHON)
    message(STATUS "lit or FileCheck not found (package llvm-22-tools): the lit tests are left out")
    return()
  endif()
  list(GET MLIR_INCLUDE_DIRS 0 RANVIER_MLIR_INCLUDE_DIR)
  configure_file("${RANVIER_ROOT_DIR}/test/lit.site.cfg.py.in" "${CMAKE_BINARY_DIR}/test/lit.site.cfg.py" @ONLY)
  set(_tools)
  foreach(_tool IN ITEMS ranvier ranvier-opt ranvier-lsp-server ranvier-replay)
    if(TARGET ${_tool})
      list(APPEND _tools ${_tool})
    endif()
  endforeach()
  set(_command "${RANVIER_LIT_PYTHON}" "${RANVIER_LIT}" -v --xunit-xml-output "${CMAKE_BINARY_DIR}/test/lit/results.xml"
    "${CMAKE_BINARY_DIR}/test")
  add_custom_target(check-lit COMMAND ${_command} DEPENDS ${_tools} ${ARG_DEPENDS} USES_TERMINAL VERBATIM
    COMMENT "Running the lit tests")
  add_test(NAME lit COMMAND ${_command})
endfunction()
