# SPDX-License-Identifier: Apache-2.0
# What CTest's JUnit file says, one line a fact: "passed N", "failed N NAME: WHY", "skipped N NAME: WHY". A program that
# prints its tests as suite.c or Python's unittest does counts as so many tests; any other, and one that died, as one.

function attribute(name,    text) {
    text = $0
    if (!sub(".* " name "=\"", "", text))
        return ""
    sub(/".*/, "", text)
    return plain(text)
}

function plain(text) {
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&amp;/, "\\&", text)
    return text
}

function tell_of_run_test() {
    if (status == "run" || ok > 0)
        print "passed", (ok + bad + skipped > 0 ? ok : 1)
    if (status == "fail")
        print "failed", (bad > 0 ? bad : 1), name ": " (bad_names == "" ? "ended with an error or was ended" : bad_names)
    if (skipped > 0)
        print "skipped", skipped, name ": " reasons
}

function tell_of_other_test() {
    if (status == "disabled")
        print "skipped", 1, name ": disabled"
    else if (message ~ /^SKIP_/)
        print "skipped", (skipped > 0 ? skipped : 1), name ": " (reasons != "" ? reasons : last_line)
    else
        print "failed", 1, name ": " message
}

function joined(list, item) {
    return list == "" ? item : list ", " item
}

/<testcase / {
    name = attribute("name")
    status = attribute("status")
    ok = bad = skipped = 0
    bad_names = reasons = message = last_line = ""
}
/<skipped / { message = attribute("message") }
{ sub(/^.*<system-out>/, "") }
/^ok   [^ ]+: / { ok++ }
/^FAIL [^ ]+: / { bad++; bad_names = joined(bad_names, $3) }
/^skip [^ ]+: / { skipped++ }
/^test_[^ ]+ .* \.\.\. ok$/ { ok++ }
/^test_[^ ]+ .* \.\.\. (FAIL|ERROR)$/ { bad++; bad_names = joined(bad_names, $1) }
/^test_[^ ]+ .* \.\.\. skipped / {
    skipped++
    reason = plain($0)
    sub(/.*\.\.\. skipped /, "", reason)
    reasons = joined(reasons, reason)
}
/^SUMMARY: / && !index(bad_names, $3) { bad_names = joined(bad_names, plain($2 " " $3 " " $4)) }
/^ *skipped: / {
    reason = plain($0)
    sub(/^ *skipped: /, "", reason)
    if (!index(reasons, reason))
        reasons = joined(reasons, reason)
}
/^[^<\t]/ {
    last_line = plain($0)
    sub(/<\/system-out>.*/, "", last_line)
}
/<\/testcase>/ {
    if (status == "run" || status == "fail")
        tell_of_run_test()
    else
        tell_of_other_test()
}
