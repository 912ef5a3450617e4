# Generated documentation pages, below the build folder (MLIR's own add_mlir_doc writes to /docs when used out of tree).

# ranvier_add_doc(NAME page [ROOT part] TD file.td ARGS mlir-tblgen-option...)
# <build>/docs/dialects/<page>.md from a .td file in include/ of a part (default: the dialects). The targets `dialect-docs` (make the pages) and `update-dialect-docs`
# (make them and copy them to docs/dialects, where a checked-in copy lies) cover all pages; test/Dialect/docs-current.test fails if a
# checked-in page is not what the .td files say.
function(ranvier_add_doc)
  cmake_parse_arguments(ARG "" "NAME;ROOT;TD" "ARGS" ${ARGN})
  if(NOT ARG_ROOT)
    set(ARG_ROOT "${RANVIER_DIALECTS_DIR}")
  endif()
  set(_page "${CMAKE_BINARY_DIR}/docs/dialects/${ARG_NAME}.md")
  file(GLOB_RECURSE _tds CONFIGURE_DEPENDS "${ARG_ROOT}/include/*.td")
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE _includes)
  add_custom_command(
    OUTPUT "${_page}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_BINARY_DIR}/docs/dialects"
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARG_ARGS} ${_includes} "-I${ARG_ROOT}/include" "${ARG_ROOT}/include/${ARG_TD}"
            -o "${_page}"
    DEPENDS ${_tds}
    COMMENT "Generating docs/dialects/${ARG_NAME}.md"
    VERBATIM)
  if(NOT TARGET dialect-docs)
    add_custom_target(dialect-docs)
    add_custom_target(update-dialect-docs)
  endif()
  add_custom_target(dialect-doc-${ARG_NAME} DEPENDS "${_page}")
  add_custom_target(update-dialect-doc-${ARG_NAME}
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_page}" "${PROJECT_SOURCE_DIR}/docs/dialects/${ARG_NAME}.md"
    DEPENDS "${_page}")
  add_dependencies(dialect-docs dialect-doc-${ARG_NAME})
  add_dependencies(update-dialect-docs update-dialect-doc-${ARG_NAME})
endfunction()
