# SPDX-License-Identifier: Apache-2.0
# Training on drawn images: the result's form, what goes where, seeds, limits, threads.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 400 --test-limit 200 --batch 50'

run train mlp_bn $small --epochs 2
exits 0
matches out 'test accuracy [01]\.[0-9]{4} \([0-9]+ of 200\)'
holds 'standard output is one line' [ "$(wc -l <out)" -eq 1 ]
says err 'epoch 1/2  8 steps'
says err 'epoch 2/2  8 steps'
holds 'no colours and no redrawing off a terminal' [ "$(tr -d -c '\033\r' <err | wc -c)" -eq 0 ]
cp out once

# The same seed gives the same result, whatever the threads; another seed another.
run train mlp_bn $small --epochs 2 --quiet --threads 3
exits 0
silent err
holds 'the same seed gives the same result' cmp -s out once
run train mlp_bn $small --epochs 1 --json --quiet
says out '"network": "mlp_bn"'
says out '"count": 200'
says out '"stopped": false'
loss() { sed 's/.*"loss": \([0-9.e-]*\), "seconds.*/\1/' out; }
first=$(loss)
run train mlp_bn $small --epochs 1 --json --quiet --seed 1
holds 'another seed gives another loss' [ "$first" != "$(loss)" ]

run train lenet_bn $small --epochs 1 --quiet
exits 0
matches out 'test accuracy .* of 200\)'
run train lenet_bn $small --recipe d2l --epochs 1 --quiet --no-shuffle --last wrap
exits 0
run train mlp_bn --data synthetic --limit 300 --held-back 100 --epochs 1
exits 0
matches out 'held-back accuracy .* of 100\)'
says err 'accuracy'

run train question --epochs 20 --quiet
exits 0
matches out 'test loss [0-9.]+ \(2 examples\)'

# A file of one's own.
cat >own.csv <<'END'
a,label,b
0.1,0,0.3
END
refuses 1 'got examples of shape [2]; needs examples that fit into [784]' \
  train mlp_bn --data own.csv --test-data own.csv
finish
