# SPDX-License-Identifier: Apache-2.0
# The table of statements: reads tests/statements.txt first, then what CTest wrote of any number of configurations.
# One line each: number, verdict, how many tests show it, text, and the tests that failed; then the sums. A verdict is ok,
# FAIL, skipped, or untested. Ends with 1 if one is untested, or a test carries a number that there is not.

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
        wrong = 1
    }
    name = $4
    sub(/:$/, "", name)
    if (verdict == "FAIL")
        failed[number] = failed[number] " " name "/" $5
    else if (verdict == "skip")
        skipped[number]++
    else if (!((number, name, $5) in seen)) {
        seen[number, name, $5] = 1 # one test, however many configurations run it
        passed[number]++
    }
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
        sum[verdict]++
    }
    printf "%d statements: %d ok, %d FAIL, %d skipped, %d untested\n", count, sum["ok"], sum["FAIL"], sum["skipped"], \
        sum["untested"]
    exit (wrong || sum["untested"] > 0)
}
