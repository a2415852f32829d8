# SPDX-License-Identifier: Apache-2.0
# Whether two texts say the same: words and signs exactly, numbers within a relative tolerance, runs
# of blanks all alike (columns move with the length of numbers). A line that four blanks begin goes on
# with the one before it (paragraphs break elsewhere when a number is longer). Digits that stand in a word
# (mlp2, x_1) belong to it. Tells the first lines that differ; exit status 1.
#     awk -v tolerance=0.05 -f compare.awk SHOWN PRINTED
function blanks_alike(line) {
    gsub(/[ \t]+/, " ", line)
    sub(/^ /, "", line)
    sub(/ $/, "", line)
    return line
}

# Cuts line at its numbers: words[0] numbers[1] words[1] numbers[2] ...; returns how many numbers.
function cut(line, words, numbers,    count, before, last) {
    count = 0
    before = ""
    while (match(line, /[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?/)) {
        before = before substr(line, 1, RSTART - 1)
        last = substr(before, length(before))
        if (last ~ /[A-Za-z0-9_]/) {
            before = before substr(line, RSTART, RLENGTH)
        } else {
            words[count] = before
            before = ""
            numbers[++count] = substr(line, RSTART, RLENGTH)
        }
        line = substr(line, RSTART + RLENGTH)
    }
    words[count] = before line
    return count
}

function size(number) { return number < 0 ? -number : number }

function near(a, b,    largest) {
    largest = size(a) > size(b) ? size(a) : size(b)
    return size(a - b) <= tolerance * largest
}

function same(shown, printed,    count, i) {
    count = cut(shown, shown_words, shown_numbers)
    if (cut(printed, printed_words, printed_numbers) != count) return 0
    for (i = 0; i <= count; i++)
        if (shown_words[i] != printed_words[i]) return 0
    for (i = 1; i <= count; i++)
        if (!near(shown_numbers[i] + 0, printed_numbers[i] + 0)) return 0
    return 1
}

FNR == 1 { file++ }
{ goes_on = /^    / && FNR > 1; line = blanks_alike($0) }
file == 1 && goes_on { shown[shown_lines] = shown[shown_lines] " " line; next }
file == 1 { shown[++shown_lines] = line; next }
goes_on { printed[printed_lines] = printed[printed_lines] " " line; next }
{ printed[++printed_lines] = line }
END {
    if (tolerance !~ /^([0-9]+[.]?[0-9]*|[.][0-9]+)(e-?[0-9]+)?$/) {
        print "the tolerance '" tolerance "' is no number"
        exit 1
    }
    if (shown_lines == 0 || printed_lines == 0) {
        print "there is nothing to compare"
        exit 1
    }
    lines = shown_lines > printed_lines ? shown_lines : printed_lines
    for (i = 1; i <= lines; i++) {
        if (i <= shown_lines && i <= printed_lines && same(shown[i], printed[i])) continue
        print "line " i " is documented as: " (i <= shown_lines ? shown[i] : "(nothing)")
        print "line " i " is printed as:    " (i <= printed_lines ? printed[i] : "(nothing)")
        bad++
    }
    exit bad > 0
}
