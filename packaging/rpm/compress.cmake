# SPDX-License-Identifier: Apache-2.0
# Manuals are compressed before rpmbuild sees them. It would do that itself, but Debian's cannot: its brp-compress is
# written for another shell.
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*.[1-9])
foreach(page ${pages})
    execute_process(COMMAND gzip -9 -n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
