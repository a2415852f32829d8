# SPDX-License-Identifier: Apache-2.0
# The study of batch normalisation by hand: the comparison with slim, the faults and their evidence,
# JSON, resuming, refusals.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 120 --test-limit 40 --batch 30 --epochs 2 --quiet'

# The first line of out that begins with a text holds an expression.
shows() {
  holds "'$1' shows '$2'" sh -c 'grep -m 1 -e "^$1" out | grep -qE -e "$2"' shows "$1" "$2"
}

run channelwise $small
exits 0
silent err
shows 'y\[0\] in training' ' yes$'
shows 'gradient of sum y^3' ' yes$'
shows '  with updates_collections' ' 0 +0\.[0-9]+  no$'
shows 'averaged variance, of sum / N, rank 4' ' 1 +1\.01  no$'
shows '  with fused = false' ' 1 +1  yes$'
shows 'averaged variance, of sum / N, rank 2' ' 1 +1\.143  no$'
shows 'trained variables' ' gamma, beta +beta  no$'
shows 'decay by default' ' 0\.9 +0\.999  no$'
shows 'epsilon when 1e-06' ' 1e-06 +1\.001e-05  no$'
shows '1 - decay, when .99' ' 0\.01 +0\.00999999  no$'
says out 'never-updated: after 8 steps all 24 moving means are exactly 0'
says out 'slow-decay: a decay of 0.999 leaves 99 %'
says out 'few-values: every place of a channel has a mean and a variance of its own: 11264'
says out 'depends-on-batch: the answer to an image depends on those beside it'
holds 'fifteen variants have a row' [ "$(grep -cE '^[a-z0-9-]+( +[0-9.e-]+){6}$' out)" -eq 15 ]
cp out whole

# Without running statistics nothing but the batch's differs from training with them.
column() { awk -v row="$1" -v at="$2" '$1 == row && NF == 7 { print $at }' whole; }
holds 'the same training with and without running statistics' \
  [ "$(column axes-0-1-2 2)" = "$(column no-moving 2)" ]
for variant in instance layer group; do
  holds "$variant is one function in both modes" \
    [ "$(column $variant 2)" = "$(column $variant 3)" ]
  holds "$variant is one function alone and among others" \
    [ "$(column $variant 5)" = "$(column $variant 6)" ]
done

run channelwise $small --json --threads 3
exits 0
says out '"study": "channelwise"'
says out '"comparison": [{"id": "training", "by_hand": "'
says out '{"id": "averaged_variance_rank_2", "by_hand": "1", "slim": "1.143", "same": false}'
says out '"variants": [{"variant": "axes-0-1-2", "training_loss": '
says out '"findings": [{"variant": "axes-0-1-2", "id": "slow-decay", "text": "a decay of 0.9 '
holds 'JSON is one line' [ "$(wc -l <out)" -eq 1 ]

# One variant by itself.
run train channelwise --norm slim-no-updates --data synthetic --limit 100 --test-limit 40 --quiet
exits 0
refuses 2 "option '--norm': got 'axes-3'; needs one of axes-0-1-2,axes-0," train channelwise --norm axes-3

# What is refused.
refuses 2 '--limit and --test-limit: need 0 or more' channelwise --limit -1
refuses 2 '--batch: needs 1 or more' channelwise --batch 0
refuses 2 '--resume: needs --save FOLDER' channelwise --resume
refuses 2 "did you mean '--test-limit'?" channelwise --test-limits 5
refuses 1 "did you mean 'synthetic'?" channelwise --data synthetik
refuses 1 'got images of another size; needs 28 x 28 pixels' channelwise --data question --quiet

has jansson || finish
run channelwise $small --save runs
exits 0
holds 'every trained variant is saved' [ "$(ls runs | wc -l)" -eq 13 ]
holds 'the same seed gives the same result' cmp -s out whole
rm runs/slim.safetensors
run channelwise $small --save runs --resume --threads 3
exits 0
holds 'what is there is taken, what is missing is trained' cmp -s out whole
refuses 1 'axes-0-1-2.safetensors' channelwise $small --seed 2 --save runs --resume
finish
