# SPDX-License-Identifier: Apache-2.0
# The study of videos: the table, JSON, summaries, resuming, Ctrl-C, and data that is refused.
. "$(dirname "$0")/npz.sh"
. "$(dirname "$0")/lib.sh"
small='--videos 32 --test-videos 16 --batch 8 --epochs 2 --steps 3 --quiet'

run action3d $small
exits 0
silent err
for variant in by-hand layer no-updates shuffled-frames one-frame linear-mean-frame; do
  holds "a row for $variant" [ "$(grep -cE "^$variant( +[0-9.e-]+){3}\$" out)" -eq 1 ]
done
says out 'same-numbers: from the same weights, 3 steps of gradient descent'
holds 'three ways without motion are told' [ "$(grep -c 'chance: without motion' out)" -eq 3 ]
says out '  never-updated: after training all 288 averages are exactly 0'
holds 'of what is updated nothing of the kind is told' [ "$(grep -c never-updated out)" -eq 1 ]
holds 'nor does training show it' awk '
  $1 == "by-hand" && NF == 4 { loss = $2; test = $3 }
  $1 == "no-updates" && NF == 4 { same = $2 == loss; worse = $3 > 100 * test } END { exit !(same && worse) }' out
cp out whole
holds 'both forms begin alike and train alike' awk '
  $1 == "by-hand" && NF == 4 { loss = $2 } $1 == "layer" { near = $2 / loss } END { exit !(near > .999 && near < 1.001) }' out

run action3d $small --threads 3
holds 'the same numbers again' cmp -s out whole
run action3d $small --seed 2 --steps 0
exits 0
says_not out 'same-numbers'
holds 'another seed gives other numbers' [ "$(sed -n 2p out)" != "$(sed -n 2p whole)" ]
run action3d $small --json
exits 0
holds 'JSON is one line' [ "$(wc -l <out)" -eq 1 ]
says out '{"study": "action3d", "seed": 1, "variants": [{"variant": "by-hand", "training_loss": '
says out '"test_accuracy": '
says out '"videos_per_second": '
says out '"findings": [{"variant": "no-updates", "id": "never-updated", "text": "after training all 288 averages'
says out '{"variant": "shuffled-frames", "id": "'
says out '{"variant": "by-hand and layer", "id": "same-numbers", "text": "from the same weights, '

# What TensorBoard gets, and a plot; neither changes a number.
if has protobuf; then
  run action3d $small --log runs --plot curves.svg
  exits 0
  holds 'a log changes no result' cmp -s out whole
  holds 'every variant has a folder' [ "$(ls runs | wc -l)" -eq 6 ]
  holds 'every variant has two curves' [ "$(grep -c '<path d=" M' curves.svg)" -eq 12 ]
  run inspect runs/by-hand/events.out.tfevents.*
  for layer in conv1 conv2 conv3 dense4; do
    for variable in weights beta gamma average_mean average_variance; do
      says out "$layer/${variable}_summaries/histogram"
    done
  done
  holds 'four scalars and a histogram for each' [ "$(grep -c '_summaries/' out)" -eq 100 ]
  holds 'in every step, so few there are' grep -qE '^conv1/beta_summaries/stddev +scalar +8 +1 +8 ' out
  run inspect runs/layer/events.out.tfevents.*
  says_not out '_summaries/'
fi

# The network by itself.
run train action3d --norm layer --limit 16 --test-limit 8 --epochs 1 --batch 8 --quiet
exits 0
matches out 'test accuracy [01]\.[0-9]{4} \([0-9]+ of 8\)'
refuses 2 "option '--norm': got 'slim'; needs one of by-hand,layer,no-updates" train action3d --norm slim

# Videos of one's own.
bytes() { head -c "$1" /dev/zero; }
own() { # NAME SHAPE BYTES LABELS
  bytes "$3" | npy x_train.npy '|u1' "$2"
  labels $4 | npy y_train.npy '<i4' 4
  cp x_train.npy x_test.npy
  cp y_train.npy y_test.npy
  npz "$1" x_train.npy y_train.npy x_test.npy y_test.npy
}
own own.npz '4, 8, 16, 16' 8192 '0 1 2 3'
run action3d --data own.npz --videos 0 --test-videos 0 --batch 4 --steps 0 --quiet
exits 0
says out 'the most frequent class has 0.25 of them'

# Refused before anything is trained or written.
bad() { # TEXT: bad.npz is refused
  refuses 1 "$1" action3d --data bad.npz --quiet --save models --log logs --plot plot.svg
  holds 'nothing is written' [ ! -e models ] && holds 'nor logged' [ ! -e logs ] &&
    holds 'nor drawn' [ ! -e plot.svg ]
}
fits='needs [8, 16, 16] or [8, 16, 16, 1] (frames, height, width, channels) and a class for each'
own bad.npz '4, 16, 16, 8' 8192 '0 1 2 3'
bad "'bad.npz': got training videos of shape [16, 16, 8]; $fits"
own bad.npz '4, 8, 16, 15' 7680 '0 1 2 3'
bad "got training videos of shape [8, 16, 15]; $fits"
own bad.npz '4, 2048' 8192 '0 1 2 3'
bad "got training videos of shape [2048]; $fits"
own bad.npz '4, 8, 16, 16' 8192 '0 1 4 3'
bad "'bad.npz', training examples: network 'logits/BiasAdd:0': got label 4 of example 2 (counted from 0); needs labels from 0 to 3"
labels 0 1 2 3 | npy y_train.npy '<i4' 4
npz bad.npz x_train.npy y_train.npy x_test.npy y_test.npy
bad "'bad.npz', test examples: network 'logits/BiasAdd:0': got label 4 of example 2"
own bad.npz '4, 8, 16, 16' 8192 '0 1 2 4294967295'
bad 'labels: example 3 (counted from 0) has class -1'
own bad.npz '4, 8, 16, 16' 8000 '0 1 2 3'
bad 'bad.npz'
own bad.npz '3, 8, 16, 16' 6144 '0 1 2 3'
bad 'got inputs [3, 8, 16, 16] and labels [4]; needs as many labels as inputs'
own bad.npz '4, 8, 16, 16' 8192 '0 1 2 3'
bytes 6144 | npy x_test.npy '|u1' '4, 8, 16, 12'
npz bad.npz x_train.npy y_train.npy x_test.npy y_test.npy
bad "got test videos of shape [8, 16, 12]; $fits"
bytes 16 | npy y_train.npy '<f4' 4
npz bad.npz x_train.npy y_train.npy x_test.npy y_test.npy
bad 'got training videos of shape [8, 16, 16] with targets instead of classes'
npz bad.npz x_train.npy y_test.npy
bad 'there are neither x_train and y_train nor x and y'
refuses 1 'no.npz' action3d --data no.npz --quiet
refuses 1 "did you mean 'moving'?" action3d --data movink --quiet
refuses 1 'got training videos of shape [28, 28]' action3d --data synthetic --quiet

refuses 2 '--videos, --test-videos and --steps: need 0 or more' action3d --videos -1
refuses 2 '--videos, --test-videos and --steps: need 0 or more' action3d --steps -1
refuses 2 '--batch: needs 1 or more' action3d --batch 0
refuses 2 '--resume: needs --save FOLDER' action3d --resume
refuses 2 "did you mean '--test-videos'?" action3d --test-video 5

# Ctrl-C without a folder: the end of it.
: >err
"$tare" action3d --videos 64 --test-videos 16 --batch 8 --epochs 50 >out 2>err &
stop_after 'epoch 1/50' INT
exits 1
silent out
says err 'stopped; nothing is saved (--save FOLDER would have kept it)'

has jansson || finish
run action3d $small --save models
exits 0
holds 'checkpoints change no number' cmp -s out whole
holds 'every variant is saved' [ "$(ls models | wc -l)" -eq 6 ]
run action3d $small --save models --resume
exits 0
holds 'the same table from what was saved' cmp -s out whole
rm models/layer.safetensors
run action3d $small --save models --resume
holds 'what is missing is trained' cmp -s out whole
run eval models/by-hand.safetensors --limit 16
exits 0
matches out 'test accuracy .* of 16\)'
run doctor models/by-hand.safetensors
exits 0
says out 'there is no layer of batch normalisation; what is made by hand of other ops is not looked into'
says_not out 'want of data'
refuses 1 'by-hand.safetensors' action3d $small --save models --resume --lr 0.1

# Ctrl-C, and going on from there to the same numbers.
longer='--videos 64 --test-videos 16 --batch 8 --epochs 12 --steps 0'
run action3d $longer --quiet
cp out whole
: >err
"$tare" action3d $longer --save stopped >out 2>err &
stop_after 'epoch 3/12' TERM
exits 0
silent out
says err "stopped; 'stopped' keeps everything, --resume goes on"
holds 'the variant that was stopped is kept, no other one' [ "$(ls stopped)" = by-hand.safetensors ]
run action3d $longer --quiet --save stopped --resume
exits 0
holds 'the same numbers as without a stop' cmp -s out whole
finish
