# SPDX-License-Identifier: Apache-2.0
# Cuts the fenced blocks of a Markdown file into files: WORK/NUMBER.LANGUAGE, and beside each
# WORK/NUMBER.about with the line it begins at and the comment before it.
#     awk -v work=FOLDER -f blocks.awk FILE
/^```/ && !inside {
    language = substr($0, 4)
    sub(/[^a-z].*/, "", language)
    inside = 1
    kept = language == "c" || language == "sh" || (language == "text" && comment ~ /^output( ~[^ ]+)?: /)
    if (kept) {
        name = sprintf("%s/%03d", work, ++count)
        print NR " " comment > (name ".about")
        close(name ".about")
        out = name "." language
        printf "" > out
    }
    next
}
/^```/ && inside { inside = 0; if (kept) close(out); comment = ""; next }
inside { if (kept) print > out; next }
{ comment = /^<!-- .* -->$/ ? substr($0, 6, length($0) - 9) : "" }
END { if (inside) { print FILENAME ": a block is not closed" > "/dev/stderr"; exit 1 } }
