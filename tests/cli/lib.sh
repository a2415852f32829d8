# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share; read with `. lib.sh`. $1 is the tool.
set -u
tare=$1
golden=$PWD/tests/golden/data
folder=$(mktemp -d "${TMPDIR:-/tmp}/tare-cli-XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
unset NO_COLOR TARE_FASHION_MNIST TARE_TEST_SLOW_WRITES
checks=0 failures=0

# Runs the tool; what it says lands in out and err, its exit status in $status.
run() {
  command_line="tare $*"
  "$tare" "$@" >out 2>err
  status=$?
}

complain() {
  failures=$((failures + 1))
  echo "FAILED: $command_line: $*"
  sed 's/^/    out: /' out | head -n 8
  sed 's/^/    err: /' err | head -n 8
}

# exits STATUS: as the latest run did.
exits() {
  checks=$((checks + 1))
  [ "$status" -eq "$1" ] || complain "exit status $status, wanted $1"
}

# says FILE TEXT: FILE (out or err) holds the text. says_not: it does not.
says() {
  checks=$((checks + 1))
  grep -qF -e "$2" "$1" || joined "$1" | grep -qF -e "$2" || complain "no '$2' in $1"
}
# Lines that four blanks begin, put behind the one before them: paragraphs that were broken.
joined() {
  awk '/^    / && NR > 1 { sub(/^ +/, " "); printf "%s", $0; next }
    NR > 1 { print "" } { printf "%s", $0 } END { if (NR > 0) print "" }' "$1"
}
says_not() {
  checks=$((checks + 1))
  if grep -qF -e "$2" "$1"; then complain "'$2' in $1"; fi
}

# silent FILE: nothing was written to it.
silent() {
  checks=$((checks + 1))
  [ ! -s "$1" ] || complain "$1 is not empty"
}

# one_sentence: standard error is one line that begins with "tare: ", standard output is empty.
one_sentence() {
  silent out
  checks=$((checks + 1))
  [ "$(wc -l <err)" -eq 1 ] && grep -q '^tare: ' err || complain "not one sentence on standard error"
}

# refuses STATUS TEXT ARGUMENTS..: the tool ends with that status and one sentence with that text.
refuses() {
  wanted=$1 text=$2
  shift 2
  run "$@"
  exits "$wanted"
  one_sentence
  says err "$text"
}

# matches FILE EXPRESSION: its last line matches the whole expression.
matches() {
  checks=$((checks + 1))
  tail -n 1 "$1" | grep -qxE -e "$2" || complain "the last line of $1 does not match '$2'"
}

# holds TEXT TEST..: a condition with a name.
holds() {
  checks=$((checks + 1))
  name=$1
  shift
  "$@" || complain "$name"
}

# skip_without FEATURE: for scripts that need jansson, zlib or protobuf.
has() {
  case $1 in
    jansson) [ "${TARE_HAS_JANSSON:-1}" = 1 ] ;;
    zlib) [ "${TARE_HAS_ZLIB:-1}" = 1 ] ;;
    protobuf) [ "${TARE_HAS_PROTOBUF:-1}" = 1 ] ;;
  esac
}

# stop_after TEXT SIGNAL: sends the signal to the tool, which was just started in the background with
# its standard error in an empty err, as soon as it has said the text there; waits for its end.
stop_after() {
  process=$!
  while ! grep -q "$1" err && kill -0 $process 2>/dev/null; do sleep 0.02; done
  kill -s "$2" $process
  wait $process
  status=$?
  command_line="kill -s $2"
}

finish() {
  echo "$((checks - failures)) passed, $failures failed"
  [ "$failures" -eq 0 ]
  exit
}
