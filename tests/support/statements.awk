# SPDX-License-Identifier: Apache-2.0
# The table of statements: reads tests/statements.txt first, then what CTest wrote of any number of configurations.
# One line each: number, verdict, text, tests. A verdict is ok, FAIL, skipped, or untested.

FNR == NR {
    if ($1 ~ /^[0-9]+$/) {
        number = $1
        sub(/^[0-9]+ /, "")
        text[number] = $0
        order[++count] = number
    }
    next
}

{ sub(/^.*<system-out>/, "") }
/^ *statement [0-9]+ / {
    number = $2
    verdict = $3
    if (!(number in text)) {
        text[number] = "(no such statement)"
        order[++count] = number
        verdict = "FAIL"
    }
    name = $4
    sub(/:$/, "", name)
    if (verdict == "FAIL")
        failed[number] = failed[number] " " name "/" $5
    else if (verdict == "skip")
        skipped[number]++
    else
        passed[number]++
}

END {
    for (i = 1; i <= count; i++) {
        number = order[i]
        if (number in failed)
            verdict = "FAIL"
        else if (number in passed)
            verdict = "ok"
        else
            verdict = number in skipped ? "skipped" : "untested"
        printf "%-3s %-8s %3d  %s%s\n", number, verdict, passed[number], text[number], \
            number in failed ? " :" failed[number] : ""
    }
}
