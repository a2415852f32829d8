# SPDX-License-Identifier: Apache-2.0
# What `tare train --profile` tells: its tables, its JSON, its trace; that results stay what they are.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 400 --test-limit 200 --batch 50 --epochs 1 --quiet'

# A table: lines from its head to the next empty one, but for the head.
table() { awk -v head="$1" '/^$/ { on = 0 } on { print } $1 == head && $2 == "count" { on = 1 }' out; }

run train mlp_bn $small
exits 0
cp out plain
run train mlp_bn $small --threads 2 --profile
exits 0
silent err
holds 'the result stays what it was' [ "$(head -n 1 out)" = "$(cat plain)" ]
says out 'profile of 8 runs, '
says out 'FLOP/s of multiply-adds on 2 threads'
says out 'copy: '
holds 'the heads are those of two tables' [ "$(grep -c '% time  GFLOP/s  % peak  *GB/s  % copy$' out)" -eq 2 ]
table step >steps
table layer >layers
for table in steps layers; do
  holds "every row of $table has eight columns" awk 'NF != 8 { bad = 1 } END { exit bad || NR < 5 }' $table
  holds "$table are aligned" awk '{ if (NR > 1 && length($0) != width) bad = 1; width = length($0) }
    END { exit bad }' $table
  holds "times of $table fall" awk 'NR > 1 && $3 > last { bad = 1 } { last = $3 } END { exit bad }' $table
  holds "parts of $table are all of the time" awk '$4 != "-" { sum += $4 }
    END { exit !(sum > 98 && sum < 102) }' $table
done
# Three layers forward, three for the weights, two for the data.
holds 'eight runs of eight products' [ "$(awk '$1 == "matmul" { print $2 }' steps)" -eq 64 ]
holds 'products have a speed' [ "$(awk '$1 == "matmul" { print ($5 > 0 && $6 > 0) }' steps)" -eq 1 ]
holds 'the optimiser has none' [ "$(awk '$1 == "apply_adam" { print $5 $6 }' steps)" = -- ]
holds 'gradients and updates count for their layer' [ "$(grep -cE '^(dense|dense_1|batch_normalization) ' layers)" -eq 3 ]
holds 'no layer is a gradient' [ "$(grep -c '^~' layers)" -eq 0 ]

# An option may follow it, and a file; both spellings.
run train mlp_bn --profile $small
exits 0
says out 'profile of 8 runs, '
run train mlp_bn $small --json --profile
exits 0
holds 'JSON is one line' [ "$(wc -l <out)" -eq 1 ]
says out '"profile": {"runs": 8, "seconds": '
says out '"ceilings": {"threads": '
says out '"steps": [{"name": "'
says out '"layers": [{"name": "'
run train mlp_bn $small --profile=first.json
exits 0
run train mlp_bn $small --profile second.json
exits 0
says out 'profile of 8 runs, '

# The trace is parsed back: one event a line, between brackets.
number='[0-9][0-9.e+-]*'
event="\\{\"name\": \"[a-z0-9_]+\", \"cat\": \"[^\"]+\", \"ph\": \"X\", \"ts\": $number, \"dur\": $number, \
\"pid\": 1, \"tid\": 1, \"args\": \\{\"node\": \"[^\"]+\", (\"gradient_of\": \"[^\"]+\", )?\"run\": [0-7], \
\"bytes\": [0-9]+, \"flops\": $number\\}\\}"
for trace in first.json second.json; do
  events=$(grep -c '"ph"' $trace)
  holds "$trace holds eight runs" [ $((events % 8)) -eq 0 -a "$events" -ge 160 ]
  holds "$trace is an array of events" [ "$(grep -cxE "(, )?$event" $trace)" -eq "$events" ]
  holds "$trace begins and ends as an array" [ "$(sed -n '1p;$p' $trace | tr -d '\n')" = '[]' ]
  holds "$trace has nothing else" [ "$(wc -l <$trace)" -eq $((events + 2)) ]
  holds "commas of $trace stand between events" [ "$(grep -c '^, {' $trace)" -eq $((events - 1)) ]
  holds "times of $trace rise" awk -F'"ts": |, "dur": ' '/"ts"/ { if ($2 < last) bad = 1; last = $2 + 0 }
    END { exit bad }' $trace
done

refuses 1 'no-folder/trace.json' train mlp_bn $small --profile no-folder/trace.json
run train --help
says out '--profile [TEXT]'
says out 'chrome://tracing'
finish
