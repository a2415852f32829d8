# SPDX-License-Identifier: Apache-2.0
# tare bench: what the table and the JSON hold; never how fast anything was.
. "$(dirname "$0")/lib.sh"
tiny='--kernels --batch 1 --repeats 1 --seconds 0 --threads 1'

# $tiny is several words.
# shellcheck disable=SC2086
run bench $tiny --filter '1 x 12x12x6 5x5'
exits 0
silent err
says out 'Instruction set '
says out 'multiply-add'
says out 'copy within 32 KiB'
says out 'GFLOP/s'
for pass in forward 'data gradient' 'filter gradient'; do
  says out "1 x 12x12x6 5x5 -> 16  $pass"
done
says_not out '28x28x1 '
says_not out 'dense'
says_not out 'elementwise'
matches out '' # a table ends with an empty line

# A filter may mean one pass; first layers have no data gradient.
run bench $tiny --filter '1 x 28x28x1 5x5 -> 6 filter'
exits 0
says out '1 x 28x28x1 5x5 -> 6  filter gradient'
says_not out 'forward'
run bench $tiny --filter '1 x 28x28x1 5x5 -> 6'
says_not out 'data gradient'

# Every family; memory-bound ones in bytes.
for line in 'dense 1 x 256 -> 10' 'elementwise 1 x 32x32x16 add' 'reduction 1 x 32x32x16'; do
  run bench $tiny --filter "$line"
  exits 0
done
run bench $tiny --filter 'batch normalisation 1 x 32x32x16'
says out 'GB/s'
for pass in moments normalise 'gradient sums' gradient; do says out "  $pass"; done

# Whole numbers, of flat shapes, against products of whole numbers.
run bench $tiny --filter 'int8 convolution 1 x 12x12x6 5x5'
exits 0
says out 'multiply-add of int8'
says out 'GOP/s'
says out '1 x 12x12x6 5x5 -> 16  forward'
run bench $tiny --filter 'int8 convolution 1 x 8x28x28x16'
exits 0
says_not out 'x3x3'

run bench $tiny --threads 2 --filter 'dense 1 x 256 -> 10 forward' --json
exits 0
says out '"threads": 2'
says out '"kernel": "dense"'
says out '"pass": "forward"'
says out '"unit": "GFLOP"'
says out '"ceiling": {"median": '
says out '"fraction": '
holds 'JSON is one line' [ "$(wc -l <out)" -eq 1 ]
command_line='TARE_ISA=baseline tare bench'
TARE_ISA=baseline "$tare" bench $tiny --filter 'dense 1 x 256 -> 10 forward' >out 2>err
status=$?
exits 0
says out 'Instruction set baseline'

refuses 1 "no kernel's line holds 'frobnicate'" bench $tiny --filter frobnicate --json
refuses 2 'what to measure is missing: --kernels' bench
refuses 2 '--threads: needs 0 or more' bench --kernels --threads -1
refuses 2 '--threads: needs at most 1024' bench --kernels --threads 1025
refuses 2 '--repeats: needs 1 to 101' bench --kernels --repeats 0
refuses 2 '--seconds: needs 0 to 60' bench --kernels --seconds nan
refuses 2 '--batch: needs 0 or more' bench --kernels --batch -1
refuses 2 'is one word too many' bench --kernels lenet_bn
finish
