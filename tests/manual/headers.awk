# SPDX-License-Identifier: Apache-2.0
# What the public headers declare, a line for each:
#
#   function NAME PROTOTYPE    blanks as few as can be
#   code NAME MESH_E_...       a status that the comment of a function tells
#   constant MESH_...          of an enum, or a macro
#   field NAME                 of a structure that is not opaque

function squeezed(text) {
    gsub(/[ \t]+/, " ", text)
    gsub(/\* /, "*", text)
    gsub(/^ | $/, "", text)
    return text
}

function tell_of_function(text,    name, at) {
    text = squeezed(text)
    name = substr(text, 1, index(text, "(") - 1)
    sub(/.*[ *]/, "", name)
    print "function", name, text
    while (match(comment, /MESH_E_[A-Z_]+[A-Z]/)) {
        print "code", name, substr(comment, RSTART, RLENGTH)
        comment_rest = comment_rest substr(comment, 1, RSTART + RLENGTH - 1)
        comment = substr(comment, RSTART + RLENGTH)
    }
    comment = comment_rest comment
    comment_rest = ""
}

# "uint32_t a, *b" or "void (*c)(int)": a b c
function tell_of_fields(text,    names, count, i) {
    if (match(text, /\(\*[a-z0-9_]+\)/)) {
        print "field", substr(text, RSTART + 2, RLENGTH - 3)
        return
    }
    count = split(text, names, ",")
    for (i = 1; i <= count; i++)
        if (match(names[i], /[a-z][a-z0-9_]* *$/))
            print "field", squeezed(substr(names[i], RSTART, RLENGTH))
}

function tell_of_struct(body,    fields, count, i) {
    count = split(body, fields, ";")
    for (i = 1; i < count; i++)
        tell_of_fields(fields[i])
}

# One declaration, or what stands between two of them.
function take(text) {
    if (text ~ /typedef struct [a-z_]+ *{/) {
        in_struct = 1
        sub(/.*{/, "", text)
    }
    if (in_struct) {
        body = body text ";"
        if (text ~ /}/) {
            tell_of_struct(substr(body, 1, index(body, "}")))
            in_struct = 0
            body = ""
        }
    } else if (match(text, /MESH_API .*\(/)) {
        text = substr(text, RSTART + 9)
        sub(/ *MESH_PRINTF\([^)]*\) *$/, "", text)
        tell_of_function(text)
    }
}

function tell_of_constants(text) {
    while (match(text, /MESH_[A-Z0-9_]+ *=/)) {
        print "constant", squeezed(substr(text, RSTART, RLENGTH - 1))
        text = substr(text, RSTART + RLENGTH)
    }
}

FNR == 1 { in_comment = 0; text = "" }
/^#define MESH_/ { split($2, parts, "("); print "constant", parts[1] }
/^#/ { in_macro = 1 }
in_macro { in_macro = /\\$/; next }

{
    line = $0
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            part = at ? substr(line, 1, at - 1) : line
            if (is_doc)
                comment = comment " " part
            line = at ? substr(line, at + 2) : ""
            in_comment = !at
            continue
        }
        at = index(line, "/*")
        part = at ? substr(line, 1, at - 1) : line
        tell_of_constants(part)
        for (i = 1; i <= length(part); i++) {
            c = substr(part, i, 1)
            if (c == ";") {
                take(text)
                text = ""
            } else if (c == "{" && text ~ /static inline/) {
                sub(/.*static inline /, "MESH_API ", text)
                take(text)
                text = ""
            } else {
                text = text c
            }
        }
        if (at) {
            in_comment = 1
            is_doc = substr(line, at, 3) == "/**"
            if (is_doc)
                comment = ""
            line = substr(line, at + 2)
        } else {
            line = ""
        }
    }
    text = text " "
}
