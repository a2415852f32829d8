# SPDX-License-Identifier: Apache-2.0
# Writes .npz files for tests, with nothing but a shell and gzip; read with `. npz.sh`.

# le BYTES NUMBER: a number, low byte first.
le() {
  le_bytes=$1 le_number=$2
  while [ "$le_bytes" -gt 0 ]; do
    printf "\\$(printf %03o $((le_number % 256)))"
    le_number=$((le_number / 256)) le_bytes=$((le_bytes - 1))
  done
}

# npy FILE DTYPE SHAPE: the numbers, as bytes, come from standard input.
npy() {
  { # A header of 118 bytes, which is 'v'.
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '$2', 'fortran_order': False, 'shape': ($3,), }"
    cat
  } >"$1"
}

# npz FILE MEMBER..: files of this folder, stored. What gzip ends with, checksum and length, is what
# a zip file says of its members.
npz() {
  npz_file=$1 npz_count=0
  shift
  : >"$npz_file"
  : >npz.directory
  for member; do
    begin=$(wc -c <"$npz_file")
    gzip -c "$member" | tail -c 8 >npz.sums
    { # version, flags, method, time, date, checksum, length twice, length of the name, nothing more
      printf '\024\000\000\000\000\000\000\000\041\000'
      cat npz.sums
      tail -c 4 npz.sums
      le 2 ${#member}
      le 2 0
    } >npz.facts
    { printf 'PK\003\004'; cat npz.facts; printf %s "$member"; cat "$member"; } >>"$npz_file"
    { printf 'PK\001\002\024\000'; cat npz.facts; le 10 0; le 4 "$begin"; printf %s "$member"; } >>npz.directory
    npz_count=$((npz_count + 1))
  done
  begin=$(wc -c <"$npz_file")
  {
    cat npz.directory
    printf 'PK\005\006'
    le 4 0
    le 2 $npz_count
    le 2 $npz_count
    le 4 "$(wc -c <npz.directory)"
    le 4 "$begin"
    le 2 0
  } >>"$npz_file"
  rm npz.directory npz.sums npz.facts
}

# labels NUMBER..: int32, for npy.
labels() {
  for label; do le 4 "$label"; done
}
