# SPDX-License-Identifier: Apache-2.0
# The study of images of clothes: the table, what is found, JSON, resuming, Ctrl-C, refused data.
. "$(dirname "$0")/npz.sh"
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 300 --test-limit 80 --batch 30 --epochs 2 --sweep 256 --quiet'

run fashion $small
exits 0
silent err
for variant in mlp mlp-bn mlp-bn-by-hand lenet lenet-bn lenet-bn-by-hand; do
  holds "a row for $variant" [ "$(grep -cE "^$variant( +[0-9.e-]+){4} +30\$" out)" -eq 1 ]
done
for batch in 2 4 8 16 32 64 128 256; do
  holds "a row for batches of $batch" \
    [ "$(grep -cE "^lenet-bn-batch-$batch( +[0-9.e-]+){4} +$batch\$" out)" -eq 1 ]
done
holds 'a row without batch normalisation in batches of 2' grep -qE '^lenet-batch-2( +[0-9.e-]+){4} +2$' out
cp out whole
cell() { awk -v row="$1" -v at="$2" '$1 == row && NF == 6 { print $at }' whole; }
for model in mlp lenet; do
  holds "$model has no modes" [ "$(cell $model 4)" = "$(cell $model 5)" ]
  holds "$model from scratch trains as the layer does" awk -v a="$(cell $model-bn 2)" \
    -v b="$(cell $model-bn-by-hand 2)" 'BEGIN { exit !(a / b > .999 && a / b < 1.001) }'
done
holds 'the layer is what the others begin with' [ "$(grep -c 'begun with the same kernels' whole)" -eq 4 ]
says out 'and nothing here depends on the switch'
says out 'and every other image gets that answer, too: of a batch of one'
holds 'from scratch and layer are told the same' [ "$(grep -c '  as-layer: ' out)" -eq 2 ]
says out 'few-values: in a dense layer a channel has as many values as the batch has images, 2 (in conv1 1152, in conv2 128)'
says out 'few-steps: the same images are only 1 step, after which moving averages still hold 90 %'

run fashion $small --threads 3
holds 'the same numbers again' cmp -s out whole
run fashion $small --sweep 0 --seed 2 --image 79
exits 0
says out 'test image 79 of class'
holds 'no sweep' [ "$(grep -c 'batch-[0-9]' out)" -eq 0 ]
holds 'another seed gives other numbers' [ "$(sed -n 2p out)" != "$(sed -n 2p whole)" ]
run fashion $small --sweep 0 --json
exits 0
holds 'JSON is one line' [ "$(wc -l <out)" -eq 1 ]
says out '{"study": "fashion", "seed": 1, "variants": [{"variant": "mlp", "training_loss": '
says out '"training_mode_accuracy": '
says out '"images_per_second": '
says out '"findings": [{"variant": "mlp", "id": "one-image", "text": "test image 0 of class '

run fashion $small --sweep 0 --lr 1e30
exits 0
holds 'training that diverged is told' grep -q 'not-finite: test image 0, alone, gets an answer that is not finite' out
holds 'and not compared' [ "$(grep -c 'begun with the same kernels' out)" -eq 0 ]

# One variant by itself.
run train fashion --model mlp --norm by-hand --data synthetic --limit 100 --test-limit 40 --epochs 1 --quiet
exits 0
refuses 2 "option '--norm': got 'hand'; needs one of none,layer,by-hand" train fashion --norm hand

# Images of one's own: 12 for training, 4 for the test.
own() { # NAME SIDE LABELS
  head -c $((12 * $2 * $2)) /dev/zero | npy x_train.npy '|u1' "12, $2, $2"
  head -c $((4 * $2 * $2)) /dev/zero | npy x_test.npy '|u1' "4, $2, $2"
  labels $3 | npy y_train.npy '<i4' 12
  labels 0 1 2 3 | npy y_test.npy '<i4' 4
  npz "$1" x_train.npy y_train.npy x_test.npy y_test.npy
}
own own.npz 28 '0 1 2 3 4 5 6 7 8 9 0 1'
run fashion --data own.npz --batch 4 --epochs 1 --sweep 0 --quiet
exits 0
says out 'test image 0 of class 0, alone'

# Refused before anything is trained or written.
bad() { # TEXT: bad.npz is refused
  refuses 1 "$1" fashion --data bad.npz --quiet --save models --log logs --plot plot.svg
  holds 'nothing is written' [ ! -e models ]
  holds 'nothing is logged' [ ! -e logs ]
  holds 'nothing is drawn' [ ! -e plot.svg ]
}
own bad.npz 27 '0 1 2 3 4 5 6 7 8 9 0 1'
bad "'bad.npz', training examples: batches: got examples of shape [27, 27]; needs examples that fit into [784]"
own bad.npz 28 '0 1 2 3 4 5 6 10 8 9 0 1'
bad 'got label 10 of example 7 (counted from 0); needs labels from 0 to 9'
own bad.npz 28 '0 1 2 3 4 5 6 7 8 9 0'
bad 'bad.npz'
own bad.npz 28 '0 1 2 3 4 5 6 7 8 9 0 1'
labels 0 1 12 3 | npy y_test.npy '<i4' 4
npz bad.npz x_train.npy y_train.npy x_test.npy y_test.npy
bad "'bad.npz', test examples: network 'logits/BiasAdd:0': got label 12 of example 2"
head -c 48 /dev/zero | npy y_train.npy '<f4' 12
npz bad.npz x_train.npy y_train.npy x_test.npy y_test.npy
bad "'bad.npz', training examples: network 'y:0': got targets; needs classes, which are whole numbers"
npz bad.npz x_train.npy y_train.npy
bad 'there are no arrays x_test and y_test'
refuses 1 'no.npz' fashion --data no.npz --quiet
refuses 1 "did you mean 'synthetic'?" fashion --data synthetik --quiet
refuses 1 "got examples of shape [8, 16, 16, 1]" fashion --data moving --limit 10 --test-limit 10 --quiet

refuses 1 "fashion '--image': got 80; needs a test image from 0 to 79" fashion $small --image 80 --save models
holds 'nothing is saved' [ ! -e models ]
refuses 2 '--limit, --test-limit, --image and --sweep: need 0 or more' fashion --image -1
refuses 2 '--epochs: needs 1 or more' fashion --epochs 0
refuses 2 '--learning-rate: needs a number above 0' fashion --lr 0
refuses 2 '--resume: needs --save FOLDER' fashion --resume
refuses 2 "did you mean '--sweep'?" fashion --sweeps 5

# Ctrl-C without a folder: the end of it.
longer='--data synthetic --limit 300 --test-limit 80 --batch 30 --epochs 30 --sweep 0'
: >err
"$tare" fashion $longer >out 2>err &
stop_after 'epoch 1/30' INT
exits 1
silent out
says err 'stopped; nothing is saved (--save FOLDER would have kept it)'

has jansson || finish
run fashion $small --save models
exits 0
holds 'checkpoints change no number' cmp -s out whole
holds 'every variant is saved' [ "$(ls models | wc -l)" -eq 15 ]
run fashion $small --save models --resume
exits 0
holds 'the same table from what was saved' cmp -s out whole
run fashion ${small% --quiet} --save models --resume --plot none.svg
exits 0
holds 'what is done is told' [ "$(grep -c '^epochs done already: [12]$' err)" -eq 15 ]
says err "'none.svg' is not drawn: nothing was left to train"
holds 'no plot of nothing' [ ! -e none.svg ]
rm models/lenet-bn-batch-16.safetensors models/mlp.safetensors
run fashion $small --save models --resume
holds 'what is missing is trained' cmp -s out whole
run eval models/lenet-bn-by-hand.safetensors --limit 20
exits 0
matches out 'test accuracy .* of 20\)'
refuses 1 'mlp.safetensors' fashion $small --save models --resume --seed 2

# Ctrl-C, and going on from there to the same numbers.
run fashion $longer --quiet
cp out whole
: >err
"$tare" fashion $longer --save stopped >out 2>err &
stop_after '^lenet$' TERM
exits 0
silent out
says err "stopped; 'stopped' keeps everything, --resume goes on"
run fashion $longer --quiet --save stopped --resume
exits 0
holds 'the same numbers as without a stop' cmp -s out whole
finish
