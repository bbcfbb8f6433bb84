# SPDX-License-Identifier: Apache-2.0
# agentmesh_add_plugin(NAME SOURCES...) builds NAME.so, a plugin for agentmeshd, from C or C++ sources.
#
# What it sees to, so that the host can load the plugin, replace it while it runs and unload it again:
#   - one exported symbol, mesh_plugin_entry: nothing of one plugin can be taken for something of another's
#   - every symbol is found when it is linked, and bound when it is loaded: nothing is missing in the middle of a request
#   - no process-wide unique symbols, which C++ makes of inline statics: with one of them an object can never be unloaded
function(agentmesh_add_plugin name)
    set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/agentmesh-plugin.map")
    add_library(${name} MODULE ${ARGN})
    set_target_properties(${name} PROPERTIES
        PREFIX "" SUFFIX ".so"
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON
        LINK_DEPENDS "${script}")
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
    target_link_options(${name} PRIVATE
        "LINKER:--version-script=${script}" LINKER:-z,now LINKER:-z,relro LINKER:-z,noexecstack)
    target_link_libraries(${name} PRIVATE agentmesh::agentmesh)

    # A sanitizer's own functions come from the program that loads the plugin.
    string(FIND "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${MESH_SANITIZE}" "sanitize" by_flags)
    if(by_flags EQUAL -1 AND NOT MESH_SANITIZE)
        target_link_options(${name} PRIVATE LINKER:-z,defs)
    endif()
endfunction()

# agentmesh_add_plugin_test(NAME PLUGIN SOURCES...) builds the sources of a plugin, a target of agentmesh_add_plugin(), together
# with those of its test into one program, which CTest runs. The test includes <agentmesh/testing.h>.
function(agentmesh_add_plugin_test name plugin)
    get_target_property(sources ${plugin} SOURCES)
    get_target_property(folder ${plugin} SOURCE_DIR)
    list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/$]")
    add_executable(${name} ${ARGN} ${sources})
    foreach(property IN ITEMS COMPILE_DEFINITIONS COMPILE_FEATURES COMPILE_OPTIONS INCLUDE_DIRECTORIES LINK_LIBRARIES)
        set_property(TARGET ${name} PROPERTY ${property} "$<TARGET_PROPERTY:${plugin},${property}>")
    endforeach()
    add_test(NAME ${name} COMMAND ${name})
endfunction()
