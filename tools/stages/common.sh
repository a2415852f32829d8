# SPDX-License-Identifier: Apache-2.0
# What the stages share. They run in the root of the repository with $TARE_TALLY naming the file
# that takes their counts.
set -eu
TARE_TALLY=${TARE_TALLY:-$(mktemp)} # a stage run by hand
jobs=$(nproc 2>/dev/null || echo 2)

tally() { echo "$1 $2" >>"$TARE_TALLY"; }

# skip WHY: what the stage needs is not at hand; it counts as neither passed nor failed.
skip() {
  echo "0 0 $1" >>"$TARE_TALLY"
  echo "skipped: $1"
}

# try WHAT COMMAND...: one check; tells its name and what it came to, goes on either way.
try() {
  what=$1
  shift
  if "$@"; then
    tally 1 0
    echo "ok   $what"
  else
    tally 0 1
    echo "FAIL $what"
  fi
}

# build PRESET [OPTIONS...]: configures build/PRESET and builds it, or the --target named.
build() {
  preset=$1
  shift
  cmake --preset "$preset" >/dev/null || return 1
  cmake --build "build/$preset" -j "$jobs" "$@" || return 1
}

# run_tests FOLDER [CTEST OPTIONS...]: runs them and counts each. None at all is a failure; a test
# that says it was skipped (what it needs is not at hand) counts as neither.
run_tests() {
  folder=$1
  shift
  report=$folder/check.txt
  ctest --test-dir "$folder" --output-on-failure --timeout 600 -j "$jobs" "$@" >"$report" 2>&1 || true
  cat "$report"
  counts=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$report")
  [ -n "$counts" ] || {
    tally 0 1
    return 1
  }
  bad=${counts% *} all=${counts#* }
  skipped=$(grep -c '\*\*\*Skipped' "$report" || true)
  tally "$((all - bad - skipped))" "$bad"
  [ "$bad" -eq 0 ]
}
