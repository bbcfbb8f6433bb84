# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=FILE.c -DNAMES=a,b -P embed.cmake: writes a.in and b.in beside this file as C, for the program that has them
# inside.
string(REPLACE "," ";" names "${NAMES}")
set(number 0)
foreach(name IN LISTS names)
    file(READ "${CMAKE_CURRENT_LIST_DIR}/${name}.in" bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const char text${number}[] = {\n${bytes}0\n};\n\n")
    string(APPEND rows "    { \"${name}\", text${number} },\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"template.h\"\n\n${arrays}const struct template_file template_files[] = {\n${rows}    { 0, 0 },\n};\n")
