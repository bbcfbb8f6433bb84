#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# suite.h in bash. A test is a function whose name is a sentence that is true when it passes; it fails when it calls
# wrong(), in the shell that runs it, and is left out when it calls skip().
#
#   a_page_has_a_name() { [ -n "$name" ] || wrong "the page has no name"; }
#   suite manual_pages a_page_has_a_name

wrong() {
    printf '     %s\n' "$@"
    verdict=FAIL
}

skip() {
    printf '     skipped: %s\n' "$1"
    verdict=skip
}

# expect_same WHAT GOT EXPECTED: texts of any number of lines; what differs is shown
expect_same() {
    [ "$2" = "$3" ] || wrong "$1 (- expected, + got):" "$(diff -u <(printf '%s\n' "$3") <(printf '%s\n' "$2") | tail -n +4)"
}

# suite NAME TEST...: run them all; the last command of a script, for it returns 1 where one failed, 77 where all were
# skipped
suite() {
    local name=$1 test verdict failed=0 ran=0
    shift
    for test; do
        verdict='ok  '
        "$test"
        printf '%s %s: %s\n' "$verdict" "$name" "$test"
        case $verdict in
            FAIL) failed=1 ran=1 ;;
            ok*) ran=1 ;;
        esac
    done
    [ "$failed" = 0 ] || return 1
    [ "$ran" = 1 ] || return 77
}
