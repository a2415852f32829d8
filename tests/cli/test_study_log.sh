# SPDX-License-Identifier: Apache-2.0
# What studies leave behind of their trainings: event files by variant, learning curves as a plot.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 200 --test-limit 50 --batch 50 --epochs 2 --sweep 0 --quiet'

run fashion $small
exits 0
cp out plain
run fashion $small --plot curves.svg
exits 0
holds 'a plot changes no result' cmp -s out plain
variants=$(grep -cE '^(mlp|lenet)[a-z-]*  ' plain)
holds 'there are variants' [ "$variants" -ge 4 ]
holds 'every variant has two curves' [ "$(grep -c '<path d=" M' curves.svg)" -eq $((2 * variants)) ]
# Four steps an epoch, each the end of a tenth: eight losses a variant, and two accuracies.
holds 'every step is a point' [ "$(grep -c '<circle' curves.svg)" -eq $((10 * variants)) ]
holds 'both plots say what they are of' \
  [ "$(grep -c '>training loss</text>\|>accuracy, held out</text>' curves.svg)" -eq 2 ]
holds 'the plot is whole' grep -q '^</svg>$' curves.svg
holds 'variants are named' grep -q '>mlp-bn-by-hand</text>' curves.svg

if has protobuf; then
  run fashion $small --log runs
  exits 0
  holds 'a log changes no result' cmp -s out plain
  holds 'every variant has a folder' [ "$(ls runs | wc -l)" -eq "$variants" ]
  run inspect runs/mlp-bn/events.out.tfevents.*
  holds 'every step is there' grep -qE '^loss +scalar +8 +1 +8 ' out
  holds 'every epoch is there' grep -qE '^held_back/accuracy +scalar +2 +4 +8 ' out
fi

# The result is not lost with the plot.
run fashion $small --plot no/such/folder.svg
exits 1
holds 'the table is still told' cmp -s out plain
says err 'no/such/folder.svg'
finish
