# SPDX-License-Identifier: Apache-2.0
# Version, help, and what happens when the command line is wrong.
. "$(dirname "$0")/lib.sh"

run --version
exits 0
matches out 'tare [0-9]+\.[0-9]+\.[0-9]+'
silent err

run help
exits 0
for name in train eval inspect explain bench list help; do says out "  $name "; done
run --help
exits 0
says out 'tare COMMAND'
run help help
exits 0

for name in train eval inspect explain recalibrate bench list; do
  run help "$name"
  exits 0
  says out "tare $name"
  says out 'Examples'
  silent err
  cp out help
  run "$name" --help
  exits 0
  holds 'help and --help say the same' cmp -s out help
done
run train lenet_bn --help
exits 0
says out '--learning-rate N'
says out '--checkpoint-steps N'
run train lenet_bn --recipe d2l --help
exits 0

run list
exits 0
for name in question mlp_bn lenet_bn fashion-mnist synthetic 'recipe d2l'; do says out "$name"; done
run list --json
exits 0
says out '"name": "lenet_bn"'

# Misuse: status 2, one sentence, the nearest name.
refuses 2 'a command is missing'
refuses 2 "there is no command 'trian'; did you mean 'train'?" trian
refuses 2 "there is no command 'frobnicate'" frobnicate
refuses 2 "there is no option '--verbose' before the command" --verbose
refuses 2 "the network's name is missing" train
refuses 2 "there is no network 'lenetbn'; did you mean 'lenet_bn'?" train lenetbn
refuses 2 "'tare list' names those there are" train alexnet
refuses 2 "there is no option '--epoch'; did you mean '--epochs'?" train lenet_bn --epoch 3
refuses 2 "there is no option '--learning-rat'; did you mean '--learning-rate'?" \
  train lenet_bn --learning-rat=1
refuses 2 "option '--epochs': got 'three'; needs a whole number" train lenet_bn --epochs three
refuses 2 "option '--learning-rate': got '1,5'; needs a number" train lenet_bn --lr 1,5
refuses 2 "option '--optimizer': got 'adm'; needs one of sgd,momentum,adam" \
  train lenet_bn --optimizer adm
refuses 2 "got nothing behind it; needs a value" train lenet_bn --epochs
refuses 2 "options begin with two hyphens" train lenet_bn -e 3
refuses 2 "is one word too many" train lenet_bn mlp_bn
refuses 2 "has no recipe 'd2'; it has default, d2l" train lenet_bn --recipe d2
refuses 2 '--resume: needs --checkpoint' train lenet_bn --resume
refuses 2 '--checkpoint-steps: needs --checkpoint' train lenet_bn --checkpoint-steps 5
refuses 2 '--epochs: needs 1 or more' train lenet_bn --epochs 0
refuses 2 '--batch: needs 1 or more' train lenet_bn --batch -5
refuses 2 'got a negative number' train lenet_bn --limit -1
refuses 2 'the checkpoint is missing' eval
refuses 2 "a file's or a network's name is missing" inspect
refuses 2 'need the name of a network' inspect some.npy --plan
refuses 2 'is one word too many' help train eval
finish
